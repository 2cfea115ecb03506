#include "Lowering.h"
#include "../Dispatch/Dispatch.h"
#include <stdbool.h>
#include <string.h>

/// The part of one kernel row inside the image: a run of floats in x and in the patch.
typedef struct {
  bool inside;
  /// Floats before the run in the patch's row, in the run, and before the run in the sample of x.
  size_t before, length, offset;
} Run;

ALWAYS_INLINE Run runOf(const CKConvolution *v, size_t oy, size_t ox, size_t ky) {
  // Positions in the padded image, so that none is negative.
  const size_t y = oy * v->stride + ky, left = ox * v->stride, right = left + v->kernelWidth;
  const size_t first = left > v->padding ? left : v->padding;
  const size_t last = right < v->padding + v->width ? right : v->padding + v->width;
  Run run = {.inside = y >= v->padding && y < v->padding + v->height && first < last};
  if (run.inside) {
    run.before = (first - left) * v->channels;
    run.length = (last - first) * v->channels;
    run.offset = ((y - v->padding) * v->width + (first - v->padding)) * v->channels;
  }
  return run;
}

void ck_image_to_columns(const CKConvolution *v, const float *x, float *columns) {
  const size_t rowLength = v->kernelWidth * v->channels;
  for (size_t n = 0; n < v->samples; n++, x += v->height * v->width * v->channels) {
    for (size_t oy = 0; oy < v->outputHeight; oy++) {
      for (size_t ox = 0; ox < v->outputWidth; ox++) {
        for (size_t ky = 0; ky < v->kernelHeight; ky++, columns += rowLength) {
          const Run run = runOf(v, oy, ox, ky);
          if (!run.inside) {
            memset(columns, 0, rowLength * sizeof(float));
            continue;
          }
          const size_t end = run.before + run.length;
          memset(columns, 0, run.before * sizeof(float));
          memcpy(columns + run.before, x + run.offset, run.length * sizeof(float));
          memset(columns + end, 0, (rowLength - end) * sizeof(float));
        }
      }
    }
  }
}

KERNEL(void, ck_columns_to_image,
       (const CKConvolution *v, const float *columns, bool adds, float *x),
       (v, columns, adds, x)) {
  const size_t rowLength = v->kernelWidth * v->channels;
  const size_t sample = v->height * v->width * v->channels;
  for (size_t n = 0; n < v->samples; n++, x += sample) {
    if (!adds) memset(x, 0, sample * sizeof(float));
    for (size_t oy = 0; oy < v->outputHeight; oy++) {
      for (size_t ox = 0; ox < v->outputWidth; ox++) {
        for (size_t ky = 0; ky < v->kernelHeight; ky++, columns += rowLength) {
          const Run run = runOf(v, oy, ox, ky);
          if (!run.inside) continue;
          const float *source = columns + run.before;
          float *target = x + run.offset;
          ELEMENTWISE for (size_t i = 0; i < run.length; i++) target[i] += source[i];
        }
      }
    }
  }
}
