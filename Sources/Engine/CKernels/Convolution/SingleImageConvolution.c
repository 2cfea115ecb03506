#include "SingleImageConvolution.h"
#include "TapOverlap.h"
#include "SmallImageAdjoint.h"
#include <string.h>

enum { maximumRows = 8, panelColumns = 2 * laneCount };

/// The weights to prefetch: two cache lines for each channel that is summed over.
typedef struct {
  const float *start;
  size_t step;
} Ahead;

/// to[r] += from[r] [inner]·b [inner, 16 · vectors] for some positions r.
///
/// `rows` and `vectors` are constants after inlining, so the sums stay in registers.
ALWAYS_INLINE void addRows(const float *const *from, float *const *to, size_t inner,
                           const float *b, size_t bInner, Ahead ahead, size_t rows,
                           size_t vectors) {
  const float *a[maximumRows];
  Lanes sums[maximumRows][2];
  UNROLLED for (size_t r = 0; r < rows; r++) {
    a[r] = from[r];
    UNROLLED for (size_t v = 0; v < vectors; v++) {
      sums[r][v] = CONSTANT_LANES(to[r] + v * laneCount);
    }
  }
  for (size_t k = 0; k < inner; k++, b += bInner, ahead.start += ahead.step) {
    Lanes factor[2];
    UNROLLED for (size_t v = 0; v < vectors; v++) {
      factor[v] = CONSTANT_LANES(b + v * laneCount);
    }
    __builtin_prefetch(ahead.start);
    __builtin_prefetch(ahead.start + laneCount);
    UNROLLED for (size_t r = 0; r < rows; r++) {
      const float element = a[r][k];
      UNROLLED for (size_t v = 0; v < vectors; v++) sums[r][v] += element * factor[v];
    }
  }
  UNROLLED for (size_t r = 0; r < rows; r++) {
    UNROLLED for (size_t v = 0; v < vectors; v++) LANES(to[r] + v * laneCount) = sums[r][v];
  }
}

/// `addRows` for a number of rows that is known at run time only, at most `step`.
ALWAYS_INLINE void addSomeRows(const float *const *from, float *const *to, size_t inner,
                               const float *b, size_t bInner, Ahead ahead, size_t rows,
                               size_t vectors, size_t step) {
  UNROLLED for (size_t constant = 1; constant <= step; constant++) {
    if (rows == constant) addRows(from, to, inner, b, bInner, ahead, constant, vectors);
  }
}

/// One of the two products with a weight: the activations it reads, and those it adds to.
typedef struct {
  const float *from;
  size_t fromRow, fromColumn;
  float *to;
  size_t toRow, toColumn;
  size_t rows, columns;
  /// The number of channels that are summed over.
  size_t inner;
} Product;

/// Adds to `width` columns from `column` on at all positions, in groups of nearly equal size.
ALWAYS_INLINE void addColumns(const Product *p, const float *b, size_t bInner, Ahead ahead,
                              size_t column, size_t width, size_t vectors, size_t step) {
  float partial[maximumRows][laneCount];
  size_t left = p->rows * p->columns, row = 0, position = 0;
  for (size_t groups = (left + step - 1) / step; groups > 0; groups--) {
    const size_t size = (left + groups - 1) / groups;
    const float *from[maximumRows];
    float *to[maximumRows], *whole[maximumRows];
    for (size_t r = 0; r < size; r++) {
      from[r] = p->from + row * p->fromRow + position * p->fromColumn;
      to[r] = whole[r] = p->to + row * p->toRow + position * p->toColumn + column;
      if (++position == p->columns) row++, position = 0;
    }
    if (width < laneCount) {
      for (size_t r = 0; r < size; r++) {
        memcpy(partial[r], to[r], width * sizeof(float));
        to[r] = partial[r];
      }
    }
    addSomeRows(from, to, p->inner, b, bInner, ahead, size, vectors, step);
    if (width < laneCount) {
      for (size_t r = 0; r < size; r++) memcpy(whole[r], partial[r], width * sizeof(float));
    }
    left -= size;
  }
}

/// The width of the block of columns that starts at `column`: `vectors` vectors, or the rest.
ALWAYS_INLINE size_t widthOf(size_t column, size_t columns, size_t vectors) {
  const size_t left = columns - column;
  return left >= vectors * laneCount ? vectors * laneCount : smaller(left, laneCount);
}

/// Adds one tap to all columns of y, with the weight in place.
ALWAYS_INLINE void applyTap(const Product *p, const float *weight, size_t columns, float *panel,
                            size_t vectors, size_t step) {
  for (size_t column = 0, width; column < columns; column += width) {
    width = widthOf(column, columns, vectors);
    const Ahead ahead = {.start = weight + column + width, .step = columns};
    if (width < laneCount) {
      for (size_t k = 0; k < p->inner; k++) {
        for (size_t lane = 0; lane < laneCount; lane++) {
          panel[k * laneCount + lane] = lane < width ? weight[k * columns + column + lane] : 0;
        }
      }
      addColumns(p, panel, laneCount, ahead, column, width, 1, step);
    } else if (width == laneCount) {
      addColumns(p, weight + column, columns, ahead, column, width, 1, step);
    } else {
      addColumns(p, weight + column, columns, ahead, column, width, vectors, step);
    }
  }
}

/// panel [inner, width rounded up to 16] ← the transpose of `width` rows of w [·, inner].
ALWAYS_INLINE void transposePanel(const float *w, size_t width, size_t inner, float *panel) {
  const size_t pitch = (width + laneCount - 1) / laneCount * laneCount;
  for (size_t first = 0; first < width; first += laneCount) {
    const size_t rows = smaller(width - first, laneCount);
    for (size_t k = 0; k < inner; k += laneCount) {
      const size_t count = smaller(inner - k, laneCount);
      Lanes block[laneCount];
      for (size_t row = 0; row < laneCount; row++) {
        block[row] = (Lanes){0};
        if (row < rows) load(w + (first + row) * inner + k, count, &block[row]);
      }
      transpose(block);
      for (size_t i = 0; i < count; i++) LANES(panel + (k + i) * pitch + first) = block[i];
    }
  }
}

/// Adds one tap to all columns of x, with the transposed weight in panels.
ALWAYS_INLINE void transposeTap(const Product *p, const float *weight, size_t columns,
                                float *panel, size_t vectors, size_t step) {
  for (size_t column = 0, width; column < columns; column += width) {
    width = widthOf(column, columns, vectors);
    transposePanel(weight + column * p->inner, width, p->inner, panel);
    const Ahead ahead = {.start = weight + (column + width) * p->inner, .step = panelColumns};
    if (width <= laneCount) {
      addColumns(p, panel, laneCount, ahead, column, width, 1, step);
    } else {
      addColumns(p, panel, panelColumns, ahead, column, width, vectors, step);
    }
  }
}

ALWAYS_INLINE void apply(const CKConvolution *v, size_t outputs, const float *weight,
                         const float *x, float *scratch, float *y, size_t vectors, size_t step) {
  memset(y, 0, v->outputHeight * v->outputWidth * outputs * sizeof(float));
  for (size_t ky = 0; ky < v->kernelHeight; ky++) {
    for (size_t kx = 0; kx < v->kernelWidth; kx++, weight += v->channels * outputs) {
      const TapOverlap overlap = overlapOf(v, outputs, ky, kx);
      const Product product = {.from = x + overlap.x,
                               .fromRow = overlap.xRow,
                               .fromColumn = overlap.xColumn,
                               .to = y + overlap.y,
                               .toRow = overlap.yRow,
                               .toColumn = overlap.yColumn,
                               .rows = overlap.rows,
                               .columns = overlap.columns,
                               .inner = v->channels};
      applyTap(&product, weight, outputs, scratch, vectors, step);
    }
  }
}

ALWAYS_INLINE void applyTranspose(const CKConvolution *v, size_t outputs, const float *weight,
                                  const float *y, float *scratch, float *x, size_t vectors,
                                  size_t step) {
  memset(x, 0, v->height * v->width * v->channels * sizeof(float));
  for (size_t ky = 0; ky < v->kernelHeight; ky++) {
    for (size_t kx = 0; kx < v->kernelWidth; kx++, weight += v->channels * outputs) {
      const TapOverlap overlap = overlapOf(v, outputs, ky, kx);
      const Product product = {.from = y + overlap.y,
                               .fromRow = overlap.yRow,
                               .fromColumn = overlap.yColumn,
                               .to = x + overlap.x,
                               .toRow = overlap.xRow,
                               .toColumn = overlap.xColumn,
                               .rows = overlap.rows,
                               .columns = overlap.columns,
                               .inner = outputs};
      transposeTap(&product, weight, v->channels, scratch, vectors, step);
    }
  }
}

/// The factors of the new gradient and of the previous one.
typedef struct {
  float scale, previous;
} Update;

/// w [rows, 16 · vectors] ← scale·Σ x[rows]·y[16 · vectors] over the overlap + previous·w.
ALWAYS_INLINE void updateBlock(const TapOverlap *overlap, const float *x, const float *y,
                               Update update, float *w, size_t wRow, size_t rows, size_t vectors) {
  Lanes sums[maximumRows][2];
  UNROLLED for (size_t r = 0; r < rows; r++) {
    UNROLLED for (size_t v = 0; v < vectors; v++) sums[r][v] = (Lanes){0};
  }
  for (size_t row = 0; row < overlap->rows; row++) {
    const float *a = x + row * overlap->xRow, *b = y + row * overlap->yRow;
    for (size_t i = 0; i < overlap->columns; i++, a += overlap->xColumn, b += overlap->yColumn) {
      Lanes factor[2];
      UNROLLED for (size_t v = 0; v < vectors; v++) {
        factor[v] = CONSTANT_LANES(b + v * laneCount);
      }
      UNROLLED for (size_t r = 0; r < rows; r++) {
        const float element = a[r];
        UNROLLED for (size_t v = 0; v < vectors; v++) sums[r][v] += element * factor[v];
      }
    }
  }
  UNROLLED for (size_t r = 0; r < rows; r++) {
    UNROLLED for (size_t v = 0; v < vectors; v++) {
      float *to = w + r * wRow + v * laneCount;
      const Lanes added = update.scale * sums[r][v];
      LANES(to) = update.previous == 0 ? added : added + update.previous * CONSTANT_LANES(to);
    }
  }
}

/// `updateBlock` for fewer columns than a vector has.
ALWAYS_INLINE void updateRest(const TapOverlap *overlap, const float *x, const float *y,
                              Update update, float *w, size_t wRow, size_t rows, size_t columns) {
  for (size_t r = 0; r < rows; r++) {
    for (size_t c = 0; c < columns; c++) {
      float sum = 0;
      for (size_t row = 0; row < overlap->rows; row++) {
        const float *a = x + row * overlap->xRow + r, *b = y + row * overlap->yRow + c;
        for (size_t i = 0; i < overlap->columns; i++) {
          sum += a[i * overlap->xColumn] * b[i * overlap->yColumn];
        }
      }
      float *to = w + r * wRow + c;
      *to = update.previous == 0 ? update.scale * sum : update.scale * sum + update.previous * *to;
    }
  }
}

/// Updates all columns of some rows of one tap.
ALWAYS_INLINE void updateRows(const TapOverlap *overlap, const float *x, const float *y,
                              Update update, float *w, size_t columns, size_t rows,
                              size_t vectors) {
  for (size_t column = 0, width; column < columns; column += width) {
    width = widthOf(column, columns, vectors);
    if (width < laneCount) {
      updateRest(overlap, x, y + column, update, w + column, columns, rows, width);
    } else if (width == laneCount) {
      updateBlock(overlap, x, y + column, update, w + column, columns, rows, 1);
    } else {
      updateBlock(overlap, x, y + column, update, w + column, columns, rows, vectors);
    }
  }
}

ALWAYS_INLINE void weightGradient(const CKConvolution *v, size_t outputs, const float *x,
                                  const float *y, Update update, float *weight, size_t vectors,
                                  size_t step) {
  for (size_t ky = 0; ky < v->kernelHeight; ky++) {
    for (size_t kx = 0; kx < v->kernelWidth; kx++) {
      const TapOverlap overlap = overlapOf(v, outputs, ky, kx);
      size_t left = v->channels;
      const float *channel = x + overlap.x;
      for (size_t groups = (left + step - 1) / step; groups > 0; groups--) {
        const size_t rows = (left + groups - 1) / groups;
        UNROLLED for (size_t constant = 1; constant <= step; constant++) {
          if (rows == constant) {
            updateRows(&overlap, channel, y + overlap.y, update, weight, outputs, constant,
                       vectors);
          }
        }
        channel += rows, weight += rows * outputs, left -= rows;
      }
    }
  }
}

/// Defines the passes for one instruction set, with the largest block that its registers hold.
#define PASSES(units, attributes, vectors, step)                                                  \
  attributes static void apply_##units(const CKConvolution *v, size_t outputs,                    \
                                       const float *weight, const float *x, float *scratch,       \
                                       float *y) {                                                \
    apply(v, outputs, weight, x, scratch, y, vectors, step);                                      \
  }                                                                                               \
  attributes static void transpose_##units(const CKConvolution *v, size_t outputs,                \
                                           const float *weight, const float *y, float *scratch,   \
                                           float *x) {                                            \
    applyTranspose(v, outputs, weight, y, scratch, x, vectors, step);                             \
  }                                                                                               \
  attributes static void gradient_##units(const CKConvolution *v, size_t outputs, const float *x, \
                                          const float *y, float scale, float previous,            \
                                          float *weight) {                                        \
    weightGradient(v, outputs, x, y, (Update){scale, previous}, weight, vectors, step);           \
  }

PASSES(portable, , 1, 2)
#if defined(__x86_64__)
PASSES(avx2, FOR_AVX2, 1, 6)
PASSES(avx512, FOR_AVX512, 2, 8)
#endif

size_t ck_single_image_scratch(const CKConvolution *v, size_t outputs) {
  const size_t transposed = panelColumns * outputs, rest = laneCount * v->channels;
  const size_t panels = transposed > rest ? transposed : rest;
  return isSmallImage(v) && smallImageScratch(v) > panels ? smallImageScratch(v) : panels;
}

void ck_single_image_apply(const CKConvolution *v, size_t outputs, const float *weight,
                           const float *x, float *scratch, float *y) {
  DISPATCH(apply, (v, outputs, weight, x, scratch, y))
}

void ck_single_image_transpose(const CKConvolution *v, size_t outputs, const float *weight,
                               const float *y, float *scratch, float *x) {
  if (isSmallImage(v)) return smallImageAdjoint(v, outputs, weight, y, scratch, x);
  DISPATCH(transpose, (v, outputs, weight, y, scratch, x))
}

void ck_single_image_weight_gradient(const CKConvolution *v, size_t outputs, const float *x,
                                     const float *y, float scale, float previous, float *weight) {
  DISPATCH(gradient, (v, outputs, x, y, scale, previous, weight))
}
