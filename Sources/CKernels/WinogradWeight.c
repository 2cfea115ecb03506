#include "WinogradPanels.h"
#include "WinogradTransforms.h"

/// The frequencies of 16 columns of one row of the panels, from their nine taps.
ALWAYS_INLINE void transformTaps(size_t stride, const Lanes w[3][3], float *u,
                                 size_t frequencyStride) {
  Lanes half[6][3], column[3], t[6];
  UNROLLED for (size_t j = 0; j < 3; j++) {
    UNROLLED for (size_t i = 0; i < 3; i++) column[i] = w[i][j];
    weightTransform(stride, column, t);
    UNROLLED for (size_t i = 0; i < 6; i++) half[i][j] = t[i];
  }
  UNROLLED for (size_t i = 0; i < 6; i++) {
    weightTransform(stride, half[i], t);
    UNROLLED for (size_t j = 0; j < 6; j++) LANES(u + (6 * i + j) * frequencyStride) = t[j];
  }
}

ALWAYS_INLINE void transformWeight(size_t stride, size_t inputs, size_t outputs,
                                   size_t frequencyStride, const float *w, float *u) {
  const Panels panels = {.rows = inputs, .columns = outputs};
  for (size_t o = 0; o < outputs; o += CKWinogradLanes) {
    const size_t count = lanesFrom(o, outputs);
    for (size_t i = 0; i < inputs; i++) {
      Lanes taps[3][3];
      UNROLLED for (size_t k = 0; k < 9; k++) {
        load(w + (k * inputs + i) * outputs + o, count, &taps[k / 3][k % 3]);
      }
      transformTaps(stride, taps, u + panelOffset(panels, i, o), frequencyStride);
    }
  }
}

KERNEL(void, ck_winograd_weight, (size_t stride, size_t inputs, size_t outputs,
                                  size_t frequencyStride, const float *w, float *u),
       (stride, inputs, outputs, frequencyStride, w, u)) {
  if (stride == 1) {
    transformWeight(1, inputs, outputs, frequencyStride, w, u);
  } else {
    transformWeight(2, inputs, outputs, frequencyStride, w, u);
  }
}

ALWAYS_INLINE void transformTransposed(size_t stride, size_t inputs, size_t outputs,
                                       size_t frequencyStride, const float *w, float *u) {
  const Panels panels = {.rows = outputs, .columns = inputs};
  Lanes block[9][CKWinogradLanes];
  for (size_t i = 0; i < inputs; i += CKWinogradLanes) {
    const size_t rows = lanesFrom(i, inputs);
    for (size_t o = 0; o < outputs; o += CKWinogradLanes) {
      const size_t count = lanesFrom(o, outputs);
      for (size_t k = 0; k < 9; k++) {
        for (size_t row = 0; row < CKWinogradLanes; row++) {
          const float *from = w + (k * inputs + i + row) * outputs + o;
          block[k][row] = (Lanes){0};
          if (row < rows) load(from, count, &block[k][row]);
        }
        transpose(block[k]);
      }
      for (size_t column = 0; column < count; column++) {
        Lanes taps[3][3];
        UNROLLED for (size_t k = 0; k < 9; k++) taps[k / 3][k % 3] = block[k][column];
        transformTaps(stride, taps, u + panelOffset(panels, o + column, i), frequencyStride);
      }
    }
  }
}

KERNEL(void, ck_winograd_weight_transposed, (size_t stride, size_t inputs, size_t outputs,
                                             size_t frequencyStride, const float *w, float *u),
       (stride, inputs, outputs, frequencyStride, w, u)) {
  if (stride == 1) {
    transformTransposed(1, inputs, outputs, frequencyStride, w, u);
  } else {
    transformTransposed(2, inputs, outputs, frequencyStride, w, u);
  }
}

ALWAYS_INLINE void addWeight(size_t stride, size_t inputs, size_t outputs, size_t frequencyStride,
                             const float *u, float scale, float previous, float *w) {
  const Panels panels = {.rows = inputs, .columns = outputs};
  for (size_t o = 0; o < outputs; o += CKWinogradLanes) {
    const size_t count = lanesFrom(o, outputs);
    for (size_t i = 0; i < inputs; i++) {
      const float *from = u + panelOffset(panels, i, o);
      Lanes half[3][6], t[6], taps[3];
      UNROLLED for (size_t j = 0; j < 6; j++) {
        UNROLLED for (size_t k = 0; k < 6; k++) {
          t[k] = CONSTANT_LANES(from + (6 * k + j) * frequencyStride);
        }
        weightAdjoint(stride, t, taps);
        UNROLLED for (size_t k = 0; k < 3; k++) half[k][j] = taps[k];
      }
      UNROLLED for (size_t k = 0; k < 9; k++) {
        if (k % 3 == 0) weightAdjoint(stride, half[k / 3], taps);
        float *to = w + (k * inputs + i) * outputs + o;
        Lanes sum = {0};
        if (previous != 0) load(to, count, &sum);
        sum = scale * taps[k % 3] + previous * sum;
        store(to, &sum, count);
      }
    }
  }
}

KERNEL(void, ck_winograd_weight_adjoint, (size_t stride, size_t inputs, size_t outputs,
                                          size_t frequencyStride, const float *u, float scale,
                                          float previous, float *w),
       (stride, inputs, outputs, frequencyStride, u, scale, previous, w)) {
  if (stride == 1) {
    addWeight(1, inputs, outputs, frequencyStride, u, scale, previous, w);
  } else {
    addWeight(2, inputs, outputs, frequencyStride, u, scale, previous, w);
  }
}
