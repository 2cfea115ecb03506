#ifndef CKERNELS_WINOGRAD_COEFFICIENTS_H
#define CKERNELS_WINOGRAD_COEFFICIENTS_H

#include "WinogradForms.h"

/// The coefficients of a tile that belong to one frequency of the weight: a rectangle of them.
///
/// Along an axis of a strided tile, coefficients 5 to 8 belong to frequency 5.
typedef struct {
  size_t extent, row, column, columns, count;
} Coefficients;

ALWAYS_INLINE Coefficients coefficientsOf(size_t frequency, CKWinogradForm form) {
  const size_t along = frequenciesAlong(form), row = frequency / along, column = frequency % along;
  const size_t shared = form == CKWinogradFormStride2 ? 4 : 1;
  const size_t rows = row == 5 ? shared : 1, columns = column == 5 ? shared : 1;
  return (Coefficients){.extent = extentOf(form),
                        .row = row,
                        .column = column,
                        .columns = columns,
                        .count = rows * columns};
}

ALWAYS_INLINE size_t coefficientAt(Coefficients of, size_t index) {
  return (of.row + index / of.columns) * of.extent + of.column + index % of.columns;
}

#endif
