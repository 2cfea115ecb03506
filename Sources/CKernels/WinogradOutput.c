#include "BFloat16.h"

/// The rows and columns of a 4×4 tile that lie inside the image.
typedef struct {
  size_t rows, columns;
} Kept;

ALWAYS_INLINE Kept keptOf(const CKWinogradTiles *v, TilePlace place) {
  const size_t rows = v->height - place.row, columns = v->width - place.column;
  return (Kept){.rows = rows < 4 ? rows : 4, .columns = columns < 4 ? columns : 4};
}

ALWAYS_INLINE void transformOutput(const CKWinogradTiles *v, size_t stride, Kept in, const float *m,
                                   size_t count, float *y) {
  const size_t row = v->width * v->channels, extent = extentOf(stride);
  Lanes half[4][mostExtent], t[mostExtent], out[4];
  UNROLLED for (size_t j = 0; j < extent; j++) {
    UNROLLED for (size_t i = 0; i < extent; i++) {
      t[i] = CONSTANT_LANES(m + (extent * i + j) * v->coefficientStride);
    }
    outputTransform(stride, t, out);
    UNROLLED for (size_t i = 0; i < 4; i++) half[i][j] = out[i];
  }
  UNROLLED for (size_t i = 0; i < 4; i++) {
    outputTransform(stride, half[i], out);
    UNROLLED for (size_t j = 0; j < 4; j++) {
      if (i < in.rows && j < in.columns) store(y + i * row + j * v->channels, &out[j], count);
    }
  }
}

ALWAYS_INLINE void transformOutputAdjoint(const CKWinogradTiles *v, size_t stride, Kept in,
                                          const float *y, size_t count, Destination z, size_t at) {
  const size_t row = v->width * v->channels, extent = extentOf(stride);
  Lanes half[mostExtent][4], from[4], t[mostExtent];
  UNROLLED for (size_t j = 0; j < 4; j++) {
    UNROLLED for (size_t i = 0; i < 4; i++) {
      from[i] = (Lanes){0};
      if (i < in.rows && j < in.columns) load(y + i * row + j * v->channels, count, &from[i]);
    }
    outputAdjoint(stride, from, t);
    UNROLLED for (size_t i = 0; i < extent; i++) half[i][j] = t[i];
  }
  UNROLLED for (size_t i = 0; i < extent; i++) {
    outputAdjoint(stride, half[i], t);
    UNROLLED for (size_t j = 0; j < extent; j++) {
      storeElements(z, at + (extent * i + j) * v->coefficientStride, &t[j]);
    }
  }
}

/// From a tile to the next one.
ALWAYS_INLINE ptrdiff_t aheadOf(const CKWinogradTiles *v, size_t tile, ptrdiff_t origin) {
  return originOf(v, 0, placeOf(v, 4, tile + 1)) - origin;
}

ALWAYS_INLINE void transformOutputs(const CKWinogradTiles *v, size_t stride, const float *m,
                                    float *y) {
  const Kept everything = {4, 4};
  for (size_t tile = 0; tile < v->tiles; tile++, m += v->pitch) {
    const TilePlace place = placeOf(v, 4, v->firstTile + tile);
    const Kept in = keptOf(v, place);
    const ptrdiff_t origin = originOf(v, 0, place);
    const ptrdiff_t ahead = aheadOf(v, v->firstTile + tile, origin);
    float *to = y + origin;
    for (size_t c = 0; c < v->channels; c += CKWinogradLanes) {
      const size_t count = lanesFrom(c, v->channels);
      prefetch(v, to, ahead + (ptrdiff_t)c, 4, 4);
      if (in.rows == 4 && in.columns == 4 && count == CKWinogradLanes) {
        transformOutput(v, stride, everything, m + c, CKWinogradLanes, to + c);
      } else {
        transformOutput(v, stride, in, m + c, count, to + c);
      }
    }
  }
}

KERNEL(void, ck_winograd_output, (const CKWinogradTiles *v, const float *m, float *y), (v, m, y)) {
  if (v->stride == 1) {
    transformOutputs(v, 1, m, y);
  } else {
    transformOutputs(v, 2, m, y);
  }
}

ALWAYS_INLINE void transformOutputAdjoints(const CKWinogradTiles *v, size_t stride, const float *y,
                                           Destination z) {
  const Kept everything = {4, 4};
  for (size_t tile = 0; tile < v->tiles; tile++) {
    const TilePlace place = placeOf(v, 4, v->firstTile + tile);
    const Kept in = keptOf(v, place);
    const ptrdiff_t origin = originOf(v, 0, place);
    const ptrdiff_t ahead = aheadOf(v, v->firstTile + tile, origin);
    const float *from = y + origin;
    for (size_t c = 0; c < v->channels; c += CKWinogradLanes) {
      const size_t count = lanesFrom(c, v->channels);
      prefetch(v, from, ahead + (ptrdiff_t)c, 4, 4);
      if (in.rows == 4 && in.columns == 4 && count == CKWinogradLanes) {
        transformOutputAdjoint(v, stride, everything, from + c, CKWinogradLanes, z,
                               tile * v->pitch + c);
      } else {
        transformOutputAdjoint(v, stride, in, from + c, count, z, tile * v->pitch + c);
      }
    }
  }
}

ALWAYS_INLINE void transformStridedAdjoints(const CKWinogradTiles *v, const float *y,
                                            Destination z) {
  if (v->stride == 1) {
    transformOutputAdjoints(v, 1, y, z);
  } else {
    transformOutputAdjoints(v, 2, y, z);
  }
}

KERNEL(void, ck_winograd_output_adjoint, (const CKWinogradTiles *v, const float *y, float *z),
       (v, y, z)) {
  transformStridedAdjoints(v, y, (Destination){.first = z});
}

KERNEL(void, ck_winograd_output_adjoint_bf16, (const CKWinogradTiles *v, size_t parts,
                                               const float *y, uint16_t *z),
       (v, parts, y, z)) {
  const size_t extent = extentOf(v->stride);
  Destination to = {.first = z, .partStride = extent * extent * v->coefficientStride};
  if (parts == 1) {
    to.parts = 1;
    transformStridedAdjoints(v, y, to);
  } else {
    to.parts = 3;
    transformStridedAdjoints(v, y, to);
  }
}
