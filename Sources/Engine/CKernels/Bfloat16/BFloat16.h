#ifndef CKERNELS_BFLOAT16_H
#define CKERNELS_BFLOAT16_H

#include "../Winograd/WinogradTransforms.h"

// bfloat16 is the upper half of a float: 8 significant bits, the exponents of binary32. A pair of
// them is a word, the first in the lower half. Three of them, each what the ones before have left,
// hold the 24 bits of a float.

typedef uint32_t Words __attribute__((vector_size(CKWinogradLanes * sizeof(uint32_t))));
typedef Words WordsAt __attribute__((aligned(sizeof(uint16_t)), may_alias));
typedef uint16_t Halves __attribute__((vector_size(CKWinogradLanes * sizeof(uint16_t))));
typedef Halves HalvesAt __attribute__((aligned(sizeof(uint16_t)), may_alias));

/// rounded ← x rounded to the nearest bfloat16, ties to the even one, in the upper halves; the lower
/// ones are not cleared. NaN stays NaN, which the carry of a rounding could turn into a number.
ALWAYS_INLINE void roundToBFloat16(const Lanes *x, Words *rounded) {
  const Words bits = (Words)*x;
  const Words isNaN = (Words)(*x != *x);
  const Words nearest = bits + 0x7fff + ((bits >> 16) & 1);
  *rounded = (isNaN & (bits | 0x400000)) | (~isNaN & nearest);
}

/// rounded ← the next part of what is left of x, in the upper halves; x ← what is left now.
ALWAYS_INLINE void takePart(Lanes *x, Words *rounded) {
  roundToBFloat16(x, rounded);
  *rounded &= 0xffff0000;
  *x -= (Lanes)*rounded;
}

/// Where transformed activations go: `parts` bfloat16 of each, or floats if there are none.
///
/// The number is a constant where this is inlined.
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

/// Pairs of the elements of two vectors, in so many parts.
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
