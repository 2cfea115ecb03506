#include "ChannelCombination.h"
#include "../Dispatch/Dispatch.h"

KERNEL(void, ck_combine_channels_1,
       (size_t rows, size_t channels, const float *x, const float *center, const float *a,
        const float *e, float *y),
       (rows, channels, x, center, a, e, y)) {
  for (size_t row = 0; row < rows; row++, x += channels, y += channels) {
    ELEMENTWISE for (size_t i = 0; i < channels; i++) y[i] = (x[i] - center[i]) * a[i] + e[i];
  }
}

KERNEL(void, ck_combine_channels_2,
       (size_t rows, size_t channels, const float *x, const float *center, const float *a,
        const float *g, const float *c, const float *e, float *y),
       (rows, channels, x, center, a, g, c, e, y)) {
  for (size_t row = 0; row < rows; row++, x += channels, g += channels, y += channels) {
    ELEMENTWISE for (size_t i = 0; i < channels; i++) {
      y[i] = (x[i] - center[i]) * a[i] + g[i] * c[i] + e[i];
    }
  }
}

KERNEL(void, ck_combine_channels_4,
       (size_t rows, size_t channels, const float *x, const float *center, const float *a,
        const float *t, const float *b, const float *g, const float *c, const float *h,
        const float *d, const float *e, float *y),
       (rows, channels, x, center, a, t, b, g, c, h, d, e, y)) {
  for (size_t row = 0; row < rows; row++) {
    ELEMENTWISE for (size_t i = 0; i < channels; i++) {
      y[i] = (x[i] - center[i]) * a[i] + t[i] * b[i] + g[i] * c[i] + h[i] * d[i] + e[i];
    }
    x += channels, t += channels, g += channels, h += channels, y += channels;
  }
}

KERNEL(void, ck_add_bias, (size_t rows, size_t channels, const float *bias, float *y),
       (rows, channels, bias, y)) {
  for (size_t row = 0; row < rows; row++, y += channels) {
    ELEMENTWISE for (size_t i = 0; i < channels; i++) y[i] += bias[i];
  }
}
