#include "WinogradTransforms.h"

/// The rows and columns of a 4×4 tile that lie inside the image.
typedef struct {
  size_t rows, columns;
} Extent;

ALWAYS_INLINE Extent extentOf(const CKWinogradTiles *v, TilePlace place) {
  const size_t rows = v->height - place.row, columns = v->width - place.column;
  return (Extent){.rows = rows < 4 ? rows : 4, .columns = columns < 4 ? columns : 4};
}

ALWAYS_INLINE void transformOutput(const CKWinogradTiles *v, Extent in, const float *m,
                                   size_t count, float *y) {
  const size_t row = v->width * v->channels;
  Lanes half[4][6], t[6], out[4];
  UNROLLED for (size_t j = 0; j < 6; j++) {
    UNROLLED for (size_t i = 0; i < 6; i++) {
      t[i] = CONSTANT_LANES(m + (6 * i + j) * v->frequencyStride);
    }
    outputTransform(t, out);
    UNROLLED for (size_t i = 0; i < 4; i++) half[i][j] = out[i];
  }
  UNROLLED for (size_t i = 0; i < 4; i++) {
    outputTransform(half[i], out);
    UNROLLED for (size_t j = 0; j < 4; j++) {
      if (i < in.rows && j < in.columns) store(y + i * row + j * v->channels, &out[j], count);
    }
  }
}

ALWAYS_INLINE void transformOutputAdjoint(const CKWinogradTiles *v, Extent in, const float *y,
                                          size_t count, float *z) {
  const size_t row = v->width * v->channels;
  Lanes half[6][4], from[4], t[6];
  UNROLLED for (size_t j = 0; j < 4; j++) {
    UNROLLED for (size_t i = 0; i < 4; i++) {
      from[i] = (Lanes){0};
      if (i < in.rows && j < in.columns) load(y + i * row + j * v->channels, count, &from[i]);
    }
    outputAdjoint(from, t);
    UNROLLED for (size_t i = 0; i < 6; i++) half[i][j] = t[i];
  }
  UNROLLED for (size_t i = 0; i < 6; i++) {
    outputAdjoint(half[i], t);
    UNROLLED for (size_t j = 0; j < 6; j++) LANES(z + (6 * i + j) * v->frequencyStride) = t[j];
  }
}

ALWAYS_INLINE size_t offsetOf(const CKWinogradTiles *v, TilePlace place) {
  return place.image + (place.row * v->width + place.column) * v->channels;
}

KERNEL(void, ck_winograd_output, (const CKWinogradTiles *v, const float *m, float *y), (v, m, y)) {
  const Extent everything = {4, 4};
  for (size_t tile = 0; tile < v->tiles; tile++, m += v->pitch) {
    const TilePlace place = placeOf(v, v->firstTile + tile);
    const Extent in = extentOf(v, place);
    float *to = y + offsetOf(v, place);
    for (size_t c = 0; c < v->channels; c += CKWinogradLanes) {
      const size_t count = lanesFrom(c, v->channels);
      if (in.rows == 4 && in.columns == 4 && count == CKWinogradLanes) {
        transformOutput(v, everything, m + c, CKWinogradLanes, to + c);
      } else {
        transformOutput(v, in, m + c, count, to + c);
      }
    }
  }
}

KERNEL(void, ck_winograd_output_adjoint, (const CKWinogradTiles *v, const float *y, float *z),
       (v, y, z)) {
  const Extent everything = {4, 4};
  for (size_t tile = 0; tile < v->tiles; tile++, z += v->pitch) {
    const TilePlace place = placeOf(v, v->firstTile + tile);
    const Extent in = extentOf(v, place);
    const float *from = y + offsetOf(v, place);
    for (size_t c = 0; c < v->channels; c += CKWinogradLanes) {
      const size_t count = lanesFrom(c, v->channels);
      if (in.rows == 4 && in.columns == 4 && count == CKWinogradLanes) {
        transformOutputAdjoint(v, everything, from + c, CKWinogradLanes, z + c);
      } else {
        transformOutputAdjoint(v, in, from + c, count, z + c);
      }
    }
  }
}
