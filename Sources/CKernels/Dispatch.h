#ifndef CKERNELS_DISPATCH_H
#define CKERNELS_DISPATCH_H

/// Compiles a function for three instruction sets; the loader takes the best one the CPU has.
///
/// One binary so runs on every node of a cluster. Helpers are `ALWAYS_INLINE` because a call out of
/// a clone would leave its instruction set.
#if defined(__x86_64__)
#define HOT __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define HOT
#endif

#define ALWAYS_INLINE static inline __attribute__((always_inline))

/// Each iteration reads and writes only its own elements: the outputs may be the inputs themselves.
#define ELEMENTWISE _Pragma("clang loop vectorize(assume_safety)")

/// Lets the compiler spread a sum over lanes. It opens a block, and counts for that block only.
#define LANES_MAY_SUM _Pragma("clang fp reassociate(on) contract(fast)")

#endif
