#ifndef CKERNELS_IMAGE_CONVOLUTION_H
#define CKERNELS_IMAGE_CONVOLUTION_H

#include "Lowering.h"

// The convolution of a single image, for power iterations: the weight, which is larger than the
// image, is read once from where it lies. Nothing is lowered; `samples` of the convolution is 1.
// x is [height, width, channels], y [outputHeight, outputWidth, outputs], the weight
// [kernelHeight, kernelWidth, channels, outputs].

/// Floats of scratch for one of the passes.
size_t ck_image_scratch(const CKConvolution *convolution, size_t outputs);

/// y ← the convolution of x.
void ck_image_apply(const CKConvolution *convolution, size_t outputs, const float *weight,
                    const float *x, float *scratch, float *y);

/// x ← the adjoint, applied to y.
void ck_image_transpose(const CKConvolution *convolution, size_t outputs, const float *weight,
                        const float *y, float *scratch, float *x);

/// weight ← scale·(gradient of Σ y·convolution(x) by the weight) + previous·weight.
///
/// With previous 0, the weight is not read.
void ck_image_weight_gradient(const CKConvolution *convolution, size_t outputs, const float *x,
                              const float *y, float scale, float previous, float *weight);

#endif
