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

/// im2col: columns[n·OH·OW, kh·kw·channels] ← the patches of x, zero in the padding.
void ck_image_to_columns(const CKConvolution *convolution, const float *x, float *columns);

/// col2im, the adjoint of im2col: each element of x ← the sum of its copies in the patches.
///
/// If `adds`, the sums are added to x.
void ck_columns_to_image(const CKConvolution *convolution, const float *columns, bool adds,
                         float *x);

#endif
