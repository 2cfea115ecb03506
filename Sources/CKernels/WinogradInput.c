#include "BFloat16.h"

/// The part of a tile that lies inside the image; positions count from the padding's corner.
typedef struct {
  size_t firstRow, endRow, firstColumn, endColumn;
} Inside;

ALWAYS_INLINE size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

ALWAYS_INLINE Inside insideOf(const CKWinogradTiles *v, size_t stride, TilePlace place) {
  return (Inside){.firstRow = place.row == 0,
                  .endRow = smaller(extentOf(stride), v->height + 1 - place.row),
                  .firstColumn = place.column == 0,
                  .endColumn = smaller(extentOf(stride), v->width + 1 - place.column)};
}

ALWAYS_INLINE bool holds(Inside in, size_t row, size_t column) {
  return row >= in.firstRow && row < in.endRow && column >= in.firstColumn &&
         column < in.endColumn;
}

ALWAYS_INLINE bool isWhole(Inside in, size_t stride) {
  return holds(in, 0, 0) && holds(in, extentOf(stride) - 1, extentOf(stride) - 1);
}

/// What is transformed: x, or a·x + b·w where there is a w.
typedef struct {
  const float *x, *w;
  float a, b;
} Input;

/// One tile, `count` channels of it.
///
/// `origin` is where the tile's corner would be in x, before its start for a tile at the padding.
ALWAYS_INLINE void transformInput(const CKWinogradTiles *v, size_t stride, Inside in,
                                  const Input *input, bool combined, ptrdiff_t origin,
                                  size_t count, Destination out, size_t at) {
  const ptrdiff_t row = (ptrdiff_t)(v->width * v->channels), column = (ptrdiff_t)v->channels;
  const size_t extent = extentOf(stride);
  Lanes half[mostExtent][mostExtent], d[mostExtent], t[mostExtent];
  UNROLLED for (size_t j = 0; j < extent; j++) {
    UNROLLED for (size_t i = 0; i < extent; i++) {
      d[i] = (Lanes){0};
      const ptrdiff_t from = origin + (ptrdiff_t)i * row + (ptrdiff_t)j * column;
      if (!holds(in, i, j)) continue;
      load(input->x + from, count, &d[i]);
      if (combined) {
        Lanes other;
        load(input->w + from, count, &other);
        d[i] = input->a * d[i] + input->b * other;
      }
    }
    inputTransform(stride, d, t);
    UNROLLED for (size_t i = 0; i < extent; i++) half[i][j] = t[i];
  }
  UNROLLED for (size_t i = 0; i < extent; i++) {
    inputTransform(stride, half[i], t);
    UNROLLED for (size_t j = 0; j < extent; j++) {
      storeElements(out, at + (extent * i + j) * v->coefficientStride, &t[j]);
    }
  }
}

/// From a tile's corner to the columns of the next one that it does not hold itself.
ALWAYS_INLINE ptrdiff_t aheadOf(const CKWinogradTiles *v, size_t stride, size_t tile,
                                ptrdiff_t origin) {
  const size_t overlap = extentOf(stride) - 4 * stride;
  return originOf(v, 1, placeOf(v, 4 * stride, tile + 1)) - origin +
         (ptrdiff_t)(overlap * v->channels);
}

ALWAYS_INLINE void transformInputs(const CKWinogradTiles *v, size_t stride, const Input *input,
                                   bool combined, Destination out) {
  const Inside everything = {0, extentOf(stride), 0, extentOf(stride)};
  for (size_t tile = 0; tile < v->tiles; tile++) {
    const TilePlace place = placeOf(v, 4 * stride, v->firstTile + tile);
    const Inside in = insideOf(v, stride, place);
    const bool whole = isWhole(in, stride);
    ptrdiff_t origin = originOf(v, 1, place);
    const ptrdiff_t ahead = aheadOf(v, stride, v->firstTile + tile, origin);
    for (size_t c = 0; c < v->channels; c += CKWinogradLanes, origin += CKWinogradLanes) {
      const size_t count = lanesFrom(c, v->channels);
      prefetch(v, input->x, origin + ahead, extentOf(stride), 4 * stride);
      if (combined) prefetch(v, input->w, origin + ahead, extentOf(stride), 4 * stride);
      if (whole && count == CKWinogradLanes) {
        transformInput(v, stride, everything, input, combined, origin, CKWinogradLanes, out,
                       tile * v->pitch + c);
      } else {
        transformInput(v, stride, in, input, combined, origin, count, out, tile * v->pitch + c);
      }
    }
  }
}

ALWAYS_INLINE void transformStrided(const CKWinogradTiles *v, const Input *input, bool combined,
                                    Destination out) {
  if (v->stride == 1) {
    transformInputs(v, 1, input, combined, out);
  } else {
    transformInputs(v, 2, input, combined, out);
  }
}

/// Where transformed inputs go in so many parts.
ALWAYS_INLINE Destination inParts(const CKWinogradTiles *v, size_t parts, uint16_t *out) {
  const size_t extent = extentOf(v->stride);
  return (Destination){
      .first = out, .parts = parts, .partStride = extent * extent * v->coefficientStride};
}

KERNEL(void, ck_winograd_input, (const CKWinogradTiles *v, const float *x, float *out),
       (v, x, out)) {
  const Input input = {.x = x};
  transformStrided(v, &input, false, (Destination){.first = out});
}

KERNEL(void, ck_winograd_combined_input, (const CKWinogradTiles *v, float a, const float *x,
                                          float b, const float *w, float *out),
       (v, a, x, b, w, out)) {
  const Input input = {.x = x, .w = w, .a = a, .b = b};
  transformStrided(v, &input, true, (Destination){.first = out});
}

KERNEL(void, ck_winograd_input_bf16, (const CKWinogradTiles *v, size_t parts, const float *x,
                                      uint16_t *out),
       (v, parts, x, out)) {
  const Input input = {.x = x};
  if (parts == 1) {
    transformStrided(v, &input, false, inParts(v, 1, out));
  } else {
    transformStrided(v, &input, false, inParts(v, 3, out));
  }
}

KERNEL(void, ck_winograd_combined_input_bf16, (const CKWinogradTiles *v, size_t parts, float a,
                                               const float *x, float b, const float *w,
                                               uint16_t *out),
       (v, parts, a, x, b, w, out)) {
  const Input input = {.x = x, .w = w, .a = a, .b = b};
  if (parts == 1) {
    transformStrided(v, &input, true, inParts(v, 1, out));
  } else {
    transformStrided(v, &input, true, inParts(v, 3, out));
  }
}

/// One tile, `count` channels of it, with a tile before it `above` and to the `left` or none.
///
/// Elements that no tile before this one holds are stored unless all are to be `added`.
ALWAYS_INLINE void addInput(const CKWinogradTiles *v, size_t stride, Inside in, bool adds,
                            bool above, bool left, const float *from, ptrdiff_t origin,
                            size_t count, float *x) {
  const ptrdiff_t row = (ptrdiff_t)(v->width * v->channels), column = (ptrdiff_t)v->channels;
  const size_t extent = extentOf(stride), overlap = extent - 4 * stride;
  Lanes half[mostExtent][mostExtent], d[mostExtent], t[mostExtent];
  UNROLLED for (size_t j = 0; j < extent; j++) {
    UNROLLED for (size_t i = 0; i < extent; i++) {
      t[i] = CONSTANT_LANES(from + (extent * i + j) * v->coefficientStride);
    }
    inputAdjoint(stride, t, d);
    UNROLLED for (size_t i = 0; i < extent; i++) half[i][j] = d[i];
  }
  UNROLLED for (size_t i = 0; i < extent; i++) {
    inputAdjoint(stride, half[i], d);
    UNROLLED for (size_t j = 0; j < extent; j++) {
      if (!holds(in, i, j)) continue;
      float *to = x + origin + (ptrdiff_t)i * row + (ptrdiff_t)j * column;
      const bool held = adds || (above && i < overlap) || (left && j < overlap);
      if (held) {
        Lanes before;
        load(to, count, &before);
        d[j] += before;
      }
      store(to, &d[j], count);
    }
  }
}

ALWAYS_INLINE void addInputs(const CKWinogradTiles *v, size_t stride, const float *from, bool adds,
                             float *x) {
  const Inside everything = {0, extentOf(stride), 0, extentOf(stride)};
  for (size_t tile = 0; tile < v->tiles; tile++, from += v->pitch) {
    const TilePlace place = placeOf(v, 4 * stride, v->firstTile + tile);
    const Inside in = insideOf(v, stride, place);
    const bool above = place.row > 0, left = place.column > 0, whole = isWhole(in, stride);
    ptrdiff_t origin = originOf(v, 1, place);
    const ptrdiff_t ahead = aheadOf(v, stride, v->firstTile + tile, origin);
    for (size_t c = 0; c < v->channels; c += CKWinogradLanes, origin += CKWinogradLanes) {
      const size_t count = lanesFrom(c, v->channels);
      prefetch(v, x, origin + ahead, extentOf(stride), 4 * stride);
      if (whole && count == CKWinogradLanes) {
        addInput(v, stride, everything, adds, true, true, from + c, origin, CKWinogradLanes, x);
      } else {
        addInput(v, stride, in, adds, above, left, from + c, origin, count, x);
      }
    }
  }
}

KERNEL(void, ck_winograd_input_adjoint, (const CKWinogradTiles *v, const float *from, bool adds,
                                         float *x),
       (v, from, adds, x)) {
  if (v->stride == 1) {
    addInputs(v, 1, from, adds, x);
  } else {
    addInputs(v, 2, from, adds, x);
  }
}
