#ifndef CKERNELS_CHANNEL_COMBINATION_H
#define CKERNELS_CHANNEL_COMBINATION_H

#include <stddef.h>

// Linear combinations of [rows, channels] matrices with one coefficient per channel. y may be any
// of the matrices.

/// y ← (x − center)·a + e.
void ck_combine_channels_1(size_t rows, size_t channels, const float *x, const float *center,
                           const float *a, const float *e, float *y);

/// y ← (x − center)·a + g·c + e.
void ck_combine_channels_2(size_t rows, size_t channels, const float *x, const float *center,
                           const float *a, const float *g, const float *c, const float *e,
                           float *y);

/// y ← (x − center)·a + t·b + g·c + h·d + e.
void ck_combine_channels_4(size_t rows, size_t channels, const float *x, const float *center,
                           const float *a, const float *t, const float *b, const float *g,
                           const float *c, const float *h, const float *d, const float *e,
                           float *y);

/// y ← y + bias.
void ck_add_bias(size_t rows, size_t channels, const float *bias, float *y);

#endif
