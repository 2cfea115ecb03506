#include "../Bfloat16/Bfloat16.h"

/// The rows and columns of a tile inside the image.
typedef struct {
  size_t rows, columns;
} Kept;

ALWAYS_INLINE Kept keptOf(const CKWinogradTiles *v, size_t outputs, TilePlace place) {
  const size_t rows = v->height - place.row, columns = v->width - place.column;
  return (Kept){.rows = rows < outputs ? rows : outputs,
                .columns = columns < outputs ? columns : outputs};
}

ALWAYS_INLINE void transformOutput(const CKWinogradTiles *v, CKWinogradForm form, Kept in,
                                   const float *m, size_t count, float *y) {
  const size_t row = v->width * v->channels, extent = extentOf(form);
  const size_t outputs = outputsOf(form);
  Lanes half[mostOutputs][mostExtent], t[mostExtent], out[mostOutputs];
  UNROLLED for (size_t j = 0; j < extent; j++) {
    UNROLLED for (size_t i = 0; i < extent; i++) {
      t[i] = CONSTANT_LANES(m + (extent * i + j) * v->coefficientStride);
    }
    outputTransform(form, t, out);
    UNROLLED for (size_t i = 0; i < outputs; i++) half[i][j] = out[i];
  }
  UNROLLED for (size_t i = 0; i < outputs; i++) {
    outputTransform(form, half[i], out);
    UNROLLED for (size_t j = 0; j < outputs; j++) {
      if (i < in.rows && j < in.columns) store(y + i * row + j * v->channels, &out[j], count);
    }
  }
}

ALWAYS_INLINE void transformOutputAdjoint(const CKWinogradTiles *v, CKWinogradForm form, Kept in,
                                          const float *y, size_t count, Destination z, size_t at) {
  const size_t row = v->width * v->channels, extent = extentOf(form);
  const size_t outputs = outputsOf(form);
  Lanes half[mostExtent][mostOutputs], from[mostOutputs], t[mostExtent];
  UNROLLED for (size_t j = 0; j < outputs; j++) {
    UNROLLED for (size_t i = 0; i < outputs; i++) {
      from[i] = (Lanes){0};
      if (i < in.rows && j < in.columns) load(y + i * row + j * v->channels, count, &from[i]);
    }
    outputAdjoint(form, from, t);
    UNROLLED for (size_t i = 0; i < extent; i++) half[i][j] = t[i];
  }
  UNROLLED for (size_t i = 0; i < extent; i++) {
    outputAdjoint(form, half[i], t);
    UNROLLED for (size_t j = 0; j < extent; j++) {
      storeElements(z, at + (extent * i + j) * v->coefficientStride, &t[j]);
    }
  }
}

/// The distance from a tile to the next one.
ALWAYS_INLINE ptrdiff_t aheadOf(const CKWinogradTiles *v, size_t outputs, size_t tile,
                                ptrdiff_t origin) {
  return originOf(v, 0, placeOf(v, outputs, tile + 1)) - origin;
}

ALWAYS_INLINE void transformOutputs(const CKWinogradTiles *v, CKWinogradForm form, const float *m,
                                    float *y) {
  const size_t outputs = outputsOf(form);
  const Kept everything = {outputs, outputs};
  for (size_t tile = 0; tile < v->tiles; tile++, m += v->pitch) {
    const TilePlace place = placeOf(v, outputs, v->firstTile + tile);
    const Kept in = keptOf(v, outputs, place);
    const ptrdiff_t origin = originOf(v, 0, place);
    const ptrdiff_t ahead = aheadOf(v, outputs, v->firstTile + tile, origin);
    float *to = y + origin;
    for (size_t c = 0; c < v->channels; c += CKWinogradLanes) {
      const size_t count = lanesFrom(c, v->channels);
      prefetch(v, to, ahead + (ptrdiff_t)c, outputs, outputs);
      if (in.rows == outputs && in.columns == outputs && count == CKWinogradLanes) {
        transformOutput(v, form, everything, m + c, CKWinogradLanes, to + c);
      } else {
        transformOutput(v, form, in, m + c, count, to + c);
      }
    }
  }
}

KERNEL(void, ck_winograd_output, (const CKWinogradTiles *v, const float *m, float *y),
       (v, m, y)){WITH_FORM(v->form, transformOutputs(v, form, m, y))}

ALWAYS_INLINE void transformOutputAdjoints(const CKWinogradTiles *v, CKWinogradForm form,
                                           const float *y, Destination z) {
  const size_t outputs = outputsOf(form);
  const Kept everything = {outputs, outputs};
  for (size_t tile = 0; tile < v->tiles; tile++) {
    const TilePlace place = placeOf(v, outputs, v->firstTile + tile);
    const Kept in = keptOf(v, outputs, place);
    const ptrdiff_t origin = originOf(v, 0, place);
    const ptrdiff_t ahead = aheadOf(v, outputs, v->firstTile + tile, origin);
    const float *from = y + origin;
    for (size_t c = 0; c < v->channels; c += CKWinogradLanes) {
      const size_t count = lanesFrom(c, v->channels);
      prefetch(v, from, ahead + (ptrdiff_t)c, outputs, outputs);
      if (in.rows == outputs && in.columns == outputs && count == CKWinogradLanes) {
        transformOutputAdjoint(v, form, everything, from + c, CKWinogradLanes, z,
                               tile * v->pitch + c);
      } else {
        transformOutputAdjoint(v, form, in, from + c, count, z, tile * v->pitch + c);
      }
    }
  }
}

ALWAYS_INLINE void transformAdjoints(const CKWinogradTiles *v, const float *y, Destination z){
    WITH_FORM(v->form, transformOutputAdjoints(v, form, y, z))}

KERNEL(void, ck_winograd_output_adjoint, (const CKWinogradTiles *v, const float *y, float *z),
       (v, y, z)) {
  transformAdjoints(v, y, (Destination){.first = z});
}

KERNEL(void, ck_winograd_output_adjoint_bf16,
       (const CKWinogradTiles *v, size_t parts, const float *y, uint16_t *z), (v, parts, y, z)) {
  const size_t partStride = coefficientCount(v->form) * v->coefficientStride;
  if (parts == 1) {
    transformAdjoints(v, y, (Destination){z, 1, partStride});
  } else {
    transformAdjoints(v, y, (Destination){z, 3, partStride});
  }
}
