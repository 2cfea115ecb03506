#include "../Bfloat16/Bfloat16.h"

/// The part of a tile inside the image; positions count from the corner of the padding.
typedef struct {
  size_t firstRow, endRow, firstColumn, endColumn;
} Inside;

ALWAYS_INLINE size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

ALWAYS_INLINE Inside insideOf(const CKWinogradTiles *v, CKWinogradForm form, TilePlace place) {
  return (Inside){.firstRow = place.row == 0,
                  .endRow = smaller(extentOf(form), v->height + 1 - place.row),
                  .firstColumn = place.column == 0,
                  .endColumn = smaller(extentOf(form), v->width + 1 - place.column)};
}

ALWAYS_INLINE bool holds(Inside in, size_t row, size_t column) {
  return row >= in.firstRow && row < in.endRow && column >= in.firstColumn &&
         column < in.endColumn;
}

/// The part that most tiles have: all inputs, or all but the padding of a small image.
ALWAYS_INLINE Inside wholeTile(CKWinogradForm form) {
  const size_t first = form == CKWinogradFormTwoByTwo ? 1 : 0, end = extentOf(form);
  return (Inside){first, end, first, end};
}

ALWAYS_INLINE bool isWhole(Inside in, CKWinogradForm form) {
  const Inside whole = wholeTile(form);
  return in.firstRow == whole.firstRow && in.endRow == whole.endRow &&
         in.firstColumn == whole.firstColumn && in.endColumn == whole.endColumn;
}

/// The input of the transform: x, or a·x + b·w if w is not null.
typedef struct {
  const float *x, *w;
  float a, b;
} Input;

/// Transforms `count` channels of one tile.
///
/// `origin` is the position of the tile's corner in x, before its start for a tile at the border.
ALWAYS_INLINE void transformInput(const CKWinogradTiles *v, CKWinogradForm form, Inside in,
                                  const Input *input, bool combined, ptrdiff_t origin,
                                  size_t count, Destination out, size_t at) {
  const ptrdiff_t row = (ptrdiff_t)(v->width * v->channels), column = (ptrdiff_t)v->channels;
  const size_t extent = extentOf(form);
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
    inputTransform(form, d, t);
    UNROLLED for (size_t i = 0; i < extent; i++) half[i][j] = t[i];
  }
  UNROLLED for (size_t i = 0; i < extent; i++) {
    inputTransform(form, half[i], t);
    UNROLLED for (size_t j = 0; j < extent; j++) {
      storeElements(out, at + (extent * i + j) * v->coefficientStride, &t[j]);
    }
  }
}

/// The distance from a tile's corner to the columns of the next tile that this one lacks.
ALWAYS_INLINE ptrdiff_t aheadOf(const CKWinogradTiles *v, CKWinogradForm form, size_t tile,
                                ptrdiff_t origin) {
  const size_t overlap = extentOf(form) - stepOf(form);
  return originOf(v, 1, placeOf(v, stepOf(form), tile + 1)) - origin +
         (ptrdiff_t)(overlap * v->channels);
}

ALWAYS_INLINE void transformInputs(const CKWinogradTiles *v, CKWinogradForm form,
                                   const Input *input, bool combined, Destination out) {
  const Inside everything = wholeTile(form);
  for (size_t tile = 0; tile < v->tiles; tile++) {
    const TilePlace place = placeOf(v, stepOf(form), v->firstTile + tile);
    const Inside in = insideOf(v, form, place);
    const bool whole = isWhole(in, form);
    ptrdiff_t origin = originOf(v, 1, place);
    const ptrdiff_t ahead = aheadOf(v, form, v->firstTile + tile, origin);
    for (size_t c = 0; c < v->channels; c += CKWinogradLanes, origin += CKWinogradLanes) {
      const size_t count = lanesFrom(c, v->channels);
      prefetch(v, input->x, origin + ahead, extentOf(form), stepOf(form));
      if (combined) prefetch(v, input->w, origin + ahead, extentOf(form), stepOf(form));
      if (whole && count == CKWinogradLanes) {
        transformInput(v, form, everything, input, combined, origin, CKWinogradLanes, out,
                       tile * v->pitch + c);
      } else {
        transformInput(v, form, in, input, combined, origin, count, out, tile * v->pitch + c);
      }
    }
  }
}

ALWAYS_INLINE void transformFormed(const CKWinogradTiles *v, const Input *input, bool combined,
                                   Destination out){
    WITH_FORM(v->form, transformInputs(v, form, input, combined, out))}

/// The destination of transformed inputs, in `parts` parts.
ALWAYS_INLINE Destination inParts(const CKWinogradTiles *v, size_t parts, uint16_t *out) {
  return (Destination){.first = out,
                       .parts = parts,
                       .partStride = coefficientCount(v->form) * v->coefficientStride};
}

KERNEL(void, ck_winograd_input, (const CKWinogradTiles *v, const float *x, float *out),
       (v, x, out)) {
  const Input input = {.x = x};
  transformFormed(v, &input, false, (Destination){.first = out});
}

KERNEL(void, ck_winograd_combined_input,
       (const CKWinogradTiles *v, float a, const float *x, float b, const float *w, float *out),
       (v, a, x, b, w, out)) {
  const Input input = {.x = x, .w = w, .a = a, .b = b};
  transformFormed(v, &input, true, (Destination){.first = out});
}

KERNEL(void, ck_winograd_input_bf16,
       (const CKWinogradTiles *v, size_t parts, const float *x, uint16_t *out),
       (v, parts, x, out)) {
  const Input input = {.x = x};
  if (parts == 1) {
    transformFormed(v, &input, false, inParts(v, 1, out));
  } else {
    transformFormed(v, &input, false, inParts(v, 3, out));
  }
}

KERNEL(void, ck_winograd_combined_input_bf16,
       (const CKWinogradTiles *v, size_t parts, float a, const float *x, float b, const float *w,
        uint16_t *out),
       (v, parts, a, x, b, w, out)) {
  const Input input = {.x = x, .w = w, .a = a, .b = b};
  if (parts == 1) {
    transformFormed(v, &input, true, inParts(v, 1, out));
  } else {
    transformFormed(v, &input, true, inParts(v, 3, out));
  }
}

/// Adds `count` channels of one tile; `above` and `left` tell whether there are tiles before it.
///
/// Elements that no earlier tile contains are stored, not added, unless `adds` is true.
ALWAYS_INLINE void addInput(const CKWinogradTiles *v, CKWinogradForm form, Inside in, bool adds,
                            bool above, bool left, const float *from, ptrdiff_t origin,
                            size_t count, float *x) {
  const ptrdiff_t row = (ptrdiff_t)(v->width * v->channels), column = (ptrdiff_t)v->channels;
  const size_t extent = extentOf(form), overlap = extent - stepOf(form);
  Lanes half[mostExtent][mostExtent], d[mostExtent], t[mostExtent];
  UNROLLED for (size_t j = 0; j < extent; j++) {
    UNROLLED for (size_t i = 0; i < extent; i++) {
      t[i] = CONSTANT_LANES(from + (extent * i + j) * v->coefficientStride);
    }
    inputAdjoint(form, t, d);
    UNROLLED for (size_t i = 0; i < extent; i++) half[i][j] = d[i];
  }
  UNROLLED for (size_t i = 0; i < extent; i++) {
    inputAdjoint(form, half[i], d);
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

ALWAYS_INLINE void addInputs(const CKWinogradTiles *v, CKWinogradForm form, const float *from,
                             bool adds, float *x) {
  const Inside everything = wholeTile(form);
  for (size_t tile = 0; tile < v->tiles; tile++, from += v->pitch) {
    const TilePlace place = placeOf(v, stepOf(form), v->firstTile + tile);
    const Inside in = insideOf(v, form, place);
    const bool above = place.row > 0, left = place.column > 0, whole = isWhole(in, form);
    ptrdiff_t origin = originOf(v, 1, place);
    const ptrdiff_t ahead = aheadOf(v, form, v->firstTile + tile, origin);
    for (size_t c = 0; c < v->channels; c += CKWinogradLanes, origin += CKWinogradLanes) {
      const size_t count = lanesFrom(c, v->channels);
      prefetch(v, x, origin + ahead, extentOf(form), stepOf(form));
      if (whole && count == CKWinogradLanes) {
        addInput(v, form, everything, adds, true, true, from + c, origin, CKWinogradLanes, x);
      } else {
        addInput(v, form, in, adds, above, left, from + c, origin, count, x);
      }
    }
  }
}

KERNEL(void, ck_winograd_input_adjoint,
       (const CKWinogradTiles *v, const float *from, bool adds, float *x), (v, from, adds, x)) {
  WITH_FORM(v->form, addInputs(v, form, from, adds, x))
}
