#ifndef CKERNELS_BFLOAT16_H
#define CKERNELS_BFLOAT16_H

#include "WinogradTransforms.h"

// bfloat16 is the upper half of a float: 8 significant bits, the exponents of binary32. A pair of them
// is a word, the first in the lower half.

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

ALWAYS_INLINE void storeBFloat16(uint16_t *to, const Lanes *x) {
  Words rounded;
  roundToBFloat16(x, &rounded);
  *(HalvesAt *)to = __builtin_convertvector(rounded >> 16, Halves);
}

/// Where transformed activations go: floats, or bfloat16 if `rounds`, a constant where inlined.
typedef struct {
  void *first;
  bool rounds;
} Destination;

ALWAYS_INLINE void storeElements(Destination to, size_t at, const Lanes *lanes) {
  if (to.rounds) {
    storeBFloat16((uint16_t *)to.first + at, lanes);
  } else {
    LANES((float *)to.first + at) = *lanes;
  }
}

/// Pairs of the elements of two vectors.
ALWAYS_INLINE void storePairs(uint32_t *to, const Lanes *first, const Lanes *second) {
  Words low, high;
  roundToBFloat16(first, &low);
  roundToBFloat16(second, &high);
  *(WordsAt *)to = (high & 0xffff0000) | (low >> 16);
}

#endif
