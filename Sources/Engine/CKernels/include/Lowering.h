#ifndef CKERNELS_LOWERING_H
#define CKERNELS_LOWERING_H

#include <stdbool.h>
#include <stddef.h>

/// A convolution over NHWC activations; all extents in elements.
typedef struct {
  size_t samples, height, width, channels;
  size_t kernelHeight, kernelWidth, stride, padding;
  size_t outputHeight, outputWidth;
} CKConvolution;

/// columns[n·OH·OW, kh·kw·channels] ← the patches of x, zero in the padding.
void ck_lower(const CKConvolution *convolution, const float *x, float *columns);

/// x ← the sum of the patches' elements over all places they were taken from; x += if it `adds`.
void ck_raise(const CKConvolution *convolution, const float *columns, bool adds, float *x);

#endif
