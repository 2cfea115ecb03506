#ifndef CKERNELS_SINGLE_IMAGE_CONVOLUTION_H
#define CKERNELS_SINGLE_IMAGE_CONVOLUTION_H

#include "Lowering.h"

// The convolution of a single image, for power iterations. The weight is larger than the image, so
// each pass reads it once, in place, and does not lower the image. `samples` of the convolution is
// 1. x is [height, width, channels], y [outputHeight, outputWidth, outputs], the weight
// [kernelHeight, kernelWidth, channels, outputs].

/// The number of floats of scratch that a pass needs.
size_t ck_single_image_scratch(const CKConvolution *convolution, size_t outputs);

/// y ← the convolution of x.
void ck_single_image_apply(const CKConvolution *convolution, size_t outputs, const float *weight,
                           const float *x, float *scratch, float *y);

/// x ← the adjoint, applied to y.
void ck_single_image_transpose(const CKConvolution *convolution, size_t outputs,
                               const float *weight, const float *y, float *scratch, float *x);

/// weight ← scale·(gradient of Σ y·convolution(x) by the weight) + previous·weight.
///
/// With previous 0, the weight is not read.
void ck_single_image_weight_gradient(const CKConvolution *convolution, size_t outputs,
                                     const float *x, const float *y, float scale, float previous,
                                     float *weight);

#endif
