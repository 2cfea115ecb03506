#ifndef CKERNELS_POOLING_H
#define CKERNELS_POOLING_H

#include <stddef.h>

/// Adjacent windows of size × size in NHWC activations.
///
/// Trailing rows and columns that do not fill a window are ignored.
typedef struct {
  size_t samples, height, width, channels, size;
} CKPool;

/// y ← the maximum of each window; NaN if the window contains a NaN.
void ck_maximum_pool(const CKPool *pool, const float *x, float *y);

/// y ← g where x has the first maximum of the window.
void ck_maximum_pool_gather(const CKPool *pool, const float *g, const float *x, float *y);

/// out ← g where x has the first maximum of the window, else zero.
void ck_maximum_pool_scatter(const CKPool *pool, const float *g, const float *x, float *out);

/// y[n, c] ← the mean of x[n, area, c] over the area.
void ck_average_pool(size_t samples, size_t area, size_t channels, const float *x, float *y);

/// x[n, area, c] ← g[n, c]/area.
void ck_average_pool_scatter(size_t samples, size_t area, size_t channels, const float *g,
                             float *x);

#endif
