#include "WinogradCoefficients.h"
#include "WinogradPanels.h"
#include "WinogradTransforms.h"

// BLAS rounds a row differently in products of different sizes; with these loops, a sample's result
// does not depend on the others. GFLOP/s of one core of an AMD EPYC of family 26, 36 products of
// 128 tiles by n inputs and n outputs, interleaved, ours and OpenBLAS 0.3.21:
// - n = 64: 236 and 233; transposed 234 and 234
// - n = 128: 227 and 174; transposed 197 and 166
// - n = 256: 192 and 154; transposed 186 and 169
// - n = 512: 201 and 164; transposed 200 and 180

/// c [rows, lanes] ← scale·a [rows, inner]·b [inner, lanes] + previous·c, held in registers.
typedef struct {
  size_t inner;
  const float *a;
  size_t aRow, aInner;
  const float *b;
  size_t bInner;
  float *c;
  size_t cRow;
  float scale, previous;
  /// The distance from a to the rows that are read next, in elements.
  size_t ahead;
} Block;

enum { maximumRows = 8 };

/// `rows` and `vectors` are constants after inlining, so the sums stay in registers.
ALWAYS_INLINE void multiplyBlock(const Block *block, size_t rows, size_t vectors) {
  Lanes sums[maximumRows][2];
  UNROLLED for (size_t r = 0; r < rows; r++) {
    UNROLLED for (size_t v = 0; v < vectors; v++) sums[r][v] = (Lanes){0};
  }
  const float *a = block->a, *b = block->b;
  for (size_t k = 0; k < block->inner; k++, a += block->aInner, b += block->bInner) {
    Lanes factor[2];
    UNROLLED for (size_t v = 0; v < vectors; v++) {
      factor[v] = CONSTANT_LANES(b + v * CKWinogradLanes);
    }
    // Each group of 16 steps prefetches one cache line of up to 16 of the next rows of a.
    if (block->aInner == 1) {
      __builtin_prefetch(block->a + block->ahead + k % rows * block->aRow +
                         k / CKWinogradLanes * CKWinogradLanes);
    }
    UNROLLED for (size_t r = 0; r < rows; r++) {
      const float element = a[r * block->aRow];
      UNROLLED for (size_t v = 0; v < vectors; v++) sums[r][v] += element * factor[v];
    }
  }
  UNROLLED for (size_t r = 0; r < rows; r++) {
    UNROLLED for (size_t v = 0; v < vectors; v++) {
      float *to = block->c + r * block->cRow + v * CKWinogradLanes;
      const Lanes added = block->scale * sums[r][v];
      LANES(to) = block->previous == 0 ? added : added + block->previous * CONSTANT_LANES(to);
    }
  }
}

ALWAYS_INLINE void advance(Block *block, size_t rows) {
  block->a += rows * block->aRow;
  block->c += rows * block->cRow;
}

/// Multiplies any number of rows: blocks of `step` rows, then smaller ones.
ALWAYS_INLINE void multiplyRows(Block block, size_t rows, size_t step, size_t vectors) {
  for (; rows >= step; rows -= step, advance(&block, step)) multiplyBlock(&block, step, vectors);
  if (step > 4 && rows >= 4) multiplyBlock(&block, 4, vectors), rows -= 4, advance(&block, 4);
  if (step > 2 && rows >= 2) multiplyBlock(&block, 2, vectors), rows -= 2, advance(&block, 2);
  if (rows > 0) multiplyBlock(&block, 1, vectors);
}

/// Multiplies all columns of a panel: `vectors` vectors at a time, then single ones.
ALWAYS_INLINE void multiplyPanel(Block block, size_t rows, size_t columns, size_t step,
                                 size_t vectors) {
  for (size_t column = 0; column < columns;) {
    if (vectors == 2 && columns - column >= panelColumns) {
      multiplyRows(block, rows, step, 2);
      column += panelColumns, block.b += panelColumns, block.c += panelColumns;
    } else {
      multiplyRows(block, rows, step, 1);
      column += CKWinogradLanes, block.b += CKWinogradLanes, block.c += CKWinogradLanes;
    }
  }
}

ALWAYS_INLINE void multiply(const CKWinogradProducts *p, const float *input, const float *panels,
                            float *output, size_t step, size_t vectors) {
  const Panels layout = {.rows = p->inputs, .columns = p->outputs};
  for (size_t f = 0; f < frequencyCount(p->form); f++) {
    const Coefficients of = coefficientsOf(f, p->form);
    for (size_t column = 0; column < p->outputs; column += panelColumns) {
      const size_t width = panelWidth(layout, column), panel = panelOffset(layout, 0, column);
      for (size_t i = 0; i < of.count; i++) {
        const size_t coefficient = coefficientAt(of, i);
        const Block block = {.inner = p->inputs,
                             .a = input + coefficient * p->inputCoefficientStride,
                             .aRow = p->inputPitch,
                             .aInner = 1,
                             .b = panels + f * p->panelFrequencyStride + panel,
                             .bInner = width,
                             .c = output + coefficient * p->outputCoefficientStride + column,
                             .cRow = p->outputPitch,
                             .scale = 1,
                             .previous = 0,
                             // With one panel, the rows of the next coefficient are read next.
                             .ahead = p->outputs <= panelColumns ? p->inputCoefficientStride : 0};
        multiplyPanel(block, p->tiles, width, step, vectors);
      }
    }
  }
}

ALWAYS_INLINE void multiplyTransposed(const CKWinogradProducts *p, const float *input,
                                      const float *output, float scale, float previous,
                                      float *panels, size_t step, size_t vectors) {
  const Panels layout = {.rows = p->inputs, .columns = p->outputs};
  for (size_t f = 0; f < frequencyCount(p->form); f++) {
    const Coefficients of = coefficientsOf(f, p->form);
    for (size_t column = 0; column < p->outputs; column += panelColumns) {
      const size_t width = panelWidth(layout, column), panel = panelOffset(layout, 0, column);
      for (size_t i = 0; i < of.count; i++) {
        const size_t coefficient = coefficientAt(of, i);
        const Block block = {.inner = p->tiles,
                             .a = input + coefficient * p->inputCoefficientStride,
                             .aRow = 1,
                             .aInner = p->inputPitch,
                             .b = output + coefficient * p->outputCoefficientStride + column,
                             .bInner = p->outputPitch,
                             .c = panels + f * p->panelFrequencyStride + panel,
                             .cRow = width,
                             .scale = scale,
                             .previous = i == 0 ? previous : 1};
        multiplyPanel(block, p->inputs, width, step, vectors);
      }
    }
  }
}

/// Defines both products for one instruction set, with the largest block that its registers hold.
#define PRODUCTS(units, attributes, step, vectors)                                                \
  attributes static void multiply_##units(const CKWinogradProducts *p, const float *input,        \
                                          const float *panels, float *output) {                   \
    multiply(p, input, panels, output, step, vectors);                                            \
  }                                                                                               \
  attributes static void multiplyTransposed_##units(const CKWinogradProducts *p,                  \
                                                    const float *input, const float *output,      \
                                                    float scale, float previous, float *panels) { \
    multiplyTransposed(p, input, output, scale, previous, panels, step, vectors);                 \
  }

PRODUCTS(portable, , 2, 1)
#if defined(__x86_64__)
// With the names of their levels, Clang unrolls the inner loop twice. Without a minimum width it
// would halve the vectors of x86-64-v4.
PRODUCTS(avx2, __attribute__((target("arch=x86-64-v3"))), 6, 1)
PRODUCTS(avx512, __attribute__((target("arch=x86-64-v4"), min_vector_width(512))), 8, 2)
#endif

void ck_winograd_multiply(const CKWinogradProducts *p, const float *input, const float *panels,
                          float *output) {
  DISPATCH(multiply, (p, input, panels, output))
}

void ck_winograd_multiply_transposed(const CKWinogradProducts *p, const float *input,
                                     const float *output, float scale, float previous,
                                     float *panels) {
  DISPATCH(multiplyTransposed, (p, input, output, scale, previous, panels))
}
