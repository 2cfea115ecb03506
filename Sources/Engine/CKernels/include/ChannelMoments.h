#ifndef CKERNELS_CHANNEL_MOMENTS_H
#define CKERNELS_CHANNEL_MOMENTS_H

#include <stddef.h>

// Sums over the rows of [rows, channels] matrices, one per channel, *added* to double outputs.

/// sum += Σ (x − shift), squares += Σ (x − shift)².
void ck_shifted_moments(size_t rows, size_t channels, const float *x, const float *shift,
                        double *sum, double *squares);

/// sum += Σ g, product += Σ g·x̂ with x̂ = (x − mean)·inverse.
void ck_normalized_moments(size_t rows, size_t channels, const float *g, const float *x,
                           const float *mean, const float *inverse, double *sum, double *product);

/// sum += Σ dg, product += Σ (dg·x̂ + g·t), t = inverse·(tangent − tangentMean −
/// x̂·tangentProduct).
void ck_second_moments(size_t rows, size_t channels, const float *g, const float *dg,
                       const float *x, const float *tangent, const float *mean,
                       const float *inverse, const float *tangentMean, const float *tangentProduct,
                       double *sum, double *product);

/// sum += Σ x.
void ck_column_sums(size_t rows, size_t channels, const float *x, double *sum);

#endif
