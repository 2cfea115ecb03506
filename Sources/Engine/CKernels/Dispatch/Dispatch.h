#ifndef CKERNELS_DISPATCH_H
#define CKERNELS_DISPATCH_H

#include "VectorUnits.h"

// One binary runs on every node of a cluster. A kernel is compiled for three instruction sets, and
// a branch at its entry selects the one of `ck_set_vector_units`.

/// Helpers are inlined, since a function outside a kernel is compiled for another instruction set.
#define ALWAYS_INLINE static inline __attribute__((always_inline))

/// The units that kernels use: set before `main`, and changed before the first kernel runs or
/// never.
extern CKVectorUnits ck_units_in_use __attribute__((visibility("hidden")));

#if defined(__x86_64__)

// The features of x86-64-v3 and x86-64-v4 by name: with `arch=x86-64-v4`, Clang would also prefer
// vectors of 256 bits.
#define V3_FEATURES                                                                               \
  "sse3,ssse3,sse4.1,sse4.2,popcnt,cx16,sahf,crc32,avx,avx2,fma,f16c,bmi,bmi2,lzcnt,movbe,xsave"
#define V4_FEATURES V3_FEATURES ",avx512f,avx512bw,avx512cd,avx512dq,avx512vl"
#define FOR_AVX512 __attribute__((target(V4_FEATURES)))
#define FOR_AVX2 __attribute__((target(V3_FEATURES)))

/// Returns the result of the variant of `name` for the units in use.
#define DISPATCH(name, arguments)                                                                 \
  if (ck_units_in_use >= CKVectorUnitsAVX512) return name##_avx512 arguments;                     \
  if (ck_units_in_use == CKVectorUnitsAVX2) return name##_avx2 arguments;                         \
  return name##_portable arguments;

/// Defines a function from the body that follows: one variant per instruction set, and the branch.
#define KERNEL(result, name, parameters, arguments)                                               \
  ALWAYS_INLINE result name##_body parameters;                                                    \
  FOR_AVX512 static result name##_avx512 parameters { return name##_body arguments; }             \
  FOR_AVX2 static result name##_avx2 parameters { return name##_body arguments; }                 \
  static result name##_portable parameters { return name##_body arguments; }                      \
  result name parameters{DISPATCH(name, arguments)} ALWAYS_INLINE result name##_body parameters

#else

#define DISPATCH(name, arguments) return name##_portable arguments;
#define KERNEL(result, name, parameters, arguments) result name parameters

#endif

/// Promises that an iteration only accesses its own elements, so outputs may alias inputs exactly.
#define ELEMENTWISE _Pragma("clang loop vectorize(assume_safety)")

/// Lets the compiler spread the sums of the enclosing block over lanes; must come first in it.
#define LANES_MAY_SUM _Pragma("clang fp reassociate(on) contract(fast)")

#endif
