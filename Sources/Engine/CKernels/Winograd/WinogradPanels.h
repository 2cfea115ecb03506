#ifndef CKERNELS_WINOGRAD_PANELS_H
#define CKERNELS_WINOGRAD_PANELS_H

#include "../Dispatch/Dispatch.h"
#include "Winograd.h"

/// One frequency of a matrix in panels: column blocks of 32, each row-major and dense.
typedef struct {
  size_t rows, columns;
} Panels;

enum { panelColumns = 2 * CKWinogradLanes };

ALWAYS_INLINE size_t paddedColumns(size_t columns) {
  return (columns + CKWinogradLanes - 1) / CKWinogradLanes * CKWinogradLanes;
}

/// Columns of the panel that holds `column`.
ALWAYS_INLINE size_t panelWidth(Panels panels, size_t column) {
  const size_t rest = paddedColumns(panels.columns) - column / panelColumns * panelColumns;
  return rest < panelColumns ? rest : panelColumns;
}

ALWAYS_INLINE size_t panelOffset(Panels panels, size_t row, size_t column) {
  const size_t first = column / panelColumns * panelColumns;
  return first * panels.rows + row * panelWidth(panels, column) + (column - first);
}

#endif
