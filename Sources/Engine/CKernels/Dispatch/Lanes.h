#ifndef CKERNELS_LANES_H
#define CKERNELS_LANES_H

#include "Dispatch.h"
#include <stddef.h>

enum { laneCount = 16 };

/// 16 floats; `LanesAt` is unaligned.
typedef float Lanes __attribute__((vector_size(laneCount * sizeof(float))));
typedef Lanes LanesAt __attribute__((aligned(sizeof(float)), may_alias));

#define UNROLLED _Pragma("clang loop unroll(full)")

/// The 16 floats at a pointer.
///
/// A macro, because the calling convention of vectors depends on the instruction set. For the same
/// reason the functions below take vectors by reference.
#define LANES(pointer) (*(LanesAt *)(pointer))
#define CONSTANT_LANES(pointer) (*(const LanesAt *)(pointer))

/// The first `count` lanes from memory, zero in the others.
ALWAYS_INLINE void load(const float *from, size_t count, Lanes *lanes) {
  if (count == laneCount) {
    *lanes = CONSTANT_LANES(from);
  } else {
    *lanes = (Lanes){0};
    for (size_t lane = 0; lane < count; lane++) (*lanes)[lane] = from[lane];
  }
}

ALWAYS_INLINE void store(float *to, const Lanes *lanes, size_t count) {
  if (count == laneCount) {
    LANES(to) = *lanes;
  } else {
    for (size_t lane = 0; lane < count; lane++) to[lane] = (*lanes)[lane];
  }
}

/// a ← aᵀ.
///
/// Interleaving the halves rotates the eight bits of an element's (row, lane) by one place, so four
/// rounds exchange row and lane.
ALWAYS_INLINE void transpose(Lanes a[16]) {
  Lanes b[16];
  UNROLLED for (size_t round = 0; round < 4; round++) {
    UNROLLED for (size_t i = 0; i < 8; i++) {
      b[2 * i] = __builtin_shufflevector(a[i], a[i + 8], 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21,
                                         6, 22, 7, 23);
      b[2 * i + 1] = __builtin_shufflevector(a[i], a[i + 8], 8, 24, 9, 25, 10, 26, 11, 27, 12, 28,
                                             13, 29, 14, 30, 15, 31);
    }
    UNROLLED for (size_t i = 0; i < 16; i++) a[i] = b[i];
  }
}

#endif
