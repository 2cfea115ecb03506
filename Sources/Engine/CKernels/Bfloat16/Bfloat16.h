#ifndef CKERNELS_BFLOAT16_H
#define CKERNELS_BFLOAT16_H

#include "../Winograd/WinogradTransforms.h"

// bfloat16 is the upper half of a float: 8 significant bits and the exponents of binary32. Two of
// them are a pair, one word with the first in its lower half. A float is split into parts, each the
// rounded remainder of those before it; three parts hold all 24 bits.

typedef uint32_t Words __attribute__((vector_size(CKWinogradLanes * sizeof(uint32_t))));
typedef Words WordsAt __attribute__((aligned(sizeof(uint16_t)), may_alias));
typedef uint16_t Halves __attribute__((vector_size(CKWinogradLanes * sizeof(uint16_t))));
typedef Halves HalvesAt __attribute__((aligned(sizeof(uint16_t)), may_alias));

/// rounded ← x rounded to the nearest bfloat16, ties to even, in the upper halves.
///
/// The lower halves are not cleared. NaN is treated apart, since the carry of the rounding could
/// turn it into a number.
ALWAYS_INLINE void roundToBfloat16(const Lanes *x, Words *rounded) {
  const Words bits = (Words)*x;
  const Words isNaN = (Words)(*x != *x);
  const Words nearest = bits + 0x7fff + ((bits >> 16) & 1);
  *rounded = (isNaN & (bits | 0x400000)) | (~isNaN & nearest);
}

/// rounded ← the next part of x, in the upper halves; x ← the remainder.
ALWAYS_INLINE void takePart(Lanes *x, Words *rounded) {
  roundToBfloat16(x, rounded);
  *rounded &= 0xffff0000;
  *x -= (Lanes)*rounded;
}

/// Memory for transformed activations: `parts` bfloat16 of each element, or floats if `parts` is 0.
///
/// `parts` must be a compile-time constant after inlining.
typedef struct {
  void *first;
  size_t parts;
  /// Elements from one part to the next.
  size_t partStride;
} Destination;

ALWAYS_INLINE void storeElements(Destination to, size_t at, const Lanes *lanes) {
  if (to.parts == 0) LANES((float *)to.first + at) = *lanes;
  Lanes left = *lanes;
  UNROLLED for (size_t part = 0; part < to.parts; part++) {
    Words rounded;
    takePart(&left, &rounded);
    uint16_t *halves = (uint16_t *)to.first + part * to.partStride + at;
    *(HalvesAt *)halves = __builtin_convertvector(rounded >> 16, Halves);
  }
}

/// Stores the pairs of the elements of two vectors, in `parts` parts.
ALWAYS_INLINE void storePairs(uint32_t *to, size_t parts, size_t partStride, const Lanes *first,
                              const Lanes *second) {
  Lanes left = *first, right = *second;
  UNROLLED for (size_t part = 0; part < parts; part++) {
    Words low, high;
    takePart(&left, &low);
    takePart(&right, &high);
    *(WordsAt *)(to + part * partStride) = high | (low >> 16);
  }
}

#endif
