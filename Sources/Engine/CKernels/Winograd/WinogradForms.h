#ifndef CKERNELS_WINOGRAD_FORMS_H
#define CKERNELS_WINOGRAD_FORMS_H

#include "../Dispatch/Dispatch.h"
#include "Winograd.h"

/// The number of inputs, and of coefficients, along a tile.
ALWAYS_INLINE size_t extentOf(CKWinogradForm form) {
  return form == CKWinogradFormStride1 ? 6 : form == CKWinogradFormStride2 ? 9 : 3;
}

/// The number of coefficients of a tile.
ALWAYS_INLINE size_t coefficientCount(CKWinogradForm form) {
  return extentOf(form) * extentOf(form);
}

/// The number of inputs from the start of a tile to the start of the next.
ALWAYS_INLINE size_t stepOf(CKWinogradForm form) {
  return form == CKWinogradFormStride1 ? 4 : form == CKWinogradFormStride2 ? 8 : 2;
}

/// The number of outputs along a tile.
ALWAYS_INLINE size_t outputsOf(CKWinogradForm form) {
  return form == CKWinogradFormTwoByTwo ? 2 : 4;
}

/// The number of frequencies of the weight along an axis.
ALWAYS_INLINE size_t frequenciesAlong(CKWinogradForm form) {
  return form == CKWinogradFormTwoByTwo ? 3 : 6;
}

ALWAYS_INLINE size_t frequencyCount(CKWinogradForm form) {
  return frequenciesAlong(form) * frequenciesAlong(form);
}

/// Runs a statement in which `form` is a constant, the form of a value.
#define WITH_FORM(value, statement)                                                               \
  switch (value) {                                                                                \
  case CKWinogradFormStride1: {                                                                   \
    const CKWinogradForm form = CKWinogradFormStride1;                                            \
    statement;                                                                                    \
    break;                                                                                        \
  }                                                                                               \
  case CKWinogradFormStride2: {                                                                   \
    const CKWinogradForm form = CKWinogradFormStride2;                                            \
    statement;                                                                                    \
    break;                                                                                        \
  }                                                                                               \
  case CKWinogradFormTwoByTwo: {                                                                  \
    const CKWinogradForm form = CKWinogradFormTwoByTwo;                                           \
    statement;                                                                                    \
    break;                                                                                        \
  }                                                                                               \
  }

#endif
