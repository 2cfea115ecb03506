#ifndef CKERNELS_WINOGRAD_H
#define CKERNELS_WINOGRAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Winograd's convolution for 3×3 kernels with padding 1, in one of the forms below. Tiles of E×E
// inputs give 4×4 outputs, or 2×2, with one product per coefficient of the tile, of which there are
// E². A coefficient belongs to one of the F frequencies of the weight. The matrices Bᵀ, G and Aᵀ are
// in WinogradTransforms.h.
//
// Layouts. "Tiles" are [E²][tiles][pitch]: transformed activations, pitch the channels rounded up
// to 16, whose padding is zero. "Panels" are [F][columns / 32][rows][32], the last panel 16 wide
// if the columns (rounded up to 16) need no more: transformed weights. Neighbouring coefficients
// are `coefficientStride` elements apart, neighbouring frequencies `frequencyStride`.
//
// Functions named bf16 multiply sums of bfloat16, and sum products in floats. A factor has `parts`
// of them, 1 or 3: each is what those before it have left, rounded to the nearest, ties to even, so
// that three hold all bits of a float. Of three parts the six of nine products are made that
// reach its last bit. Their tiles are [parts][E²][tiles][pitch] of bfloat16. Their panels are
// [parts][F][columns / 32][rows / 2][32] words, the rows rounded up to 16 by zeros; a word holds
// two rows, the first in its lower half.

/// Channels are padded to a multiple of this.
enum { CKWinogradLanes = 16 };
/// The most that a form has.
enum { CKWinogradFrequencies = 36 };

typedef enum __attribute__((enum_extensibility(closed))) {
  /// Stride 1: E = 6, F = 36, each frequency with a coefficient of its own.
  CKWinogradFormStride1,
  /// Stride 2: E = 9, F = 36.
  CKWinogradFormStride2,
  /// Stride 1, images of at most 2×2, which are one tile of as many outputs: E = 3, F = 9.
  CKWinogradFormTwoByTwo,
} CKWinogradForm;

/// E² and F.
size_t ck_winograd_coefficients(CKWinogradForm form);
size_t ck_winograd_frequencies(CKWinogradForm form);

/// A run of the tiles of some NHWC images, in order of image, row and column.
typedef struct {
  CKWinogradForm form;
  /// Of the images that are read or written, which are the convolution's inputs or outputs.
  size_t height, width, channels;
  /// Tiles of an image.
  size_t rows, columns;
  size_t firstTile, tiles;
  /// Of the transformed activations, in elements.
  size_t pitch, coefficientStride;
} CKWinogradTiles;

/// v ← BᵀdB for the input tiles d of x, which overlap; zero outside the image.
void ck_winograd_input(const CKWinogradTiles *tiles, const float *x, float *v);

void ck_winograd_input_bf16(const CKWinogradTiles *tiles, size_t parts, const float *x,
                            uint16_t *v);

/// The same for a·x + b·w.
void ck_winograd_combined_input(const CKWinogradTiles *tiles, float a, const float *x, float b,
                                const float *w, float *v);
void ck_winograd_combined_input_bf16(const CKWinogradTiles *tiles, size_t parts, float a,
                                     const float *x, float b, const float *w, uint16_t *v);

/// x ← Σ B·v·Bᵀ over the tiles that hold an element: the adjoint of `ck_winograd_input`; x += if it
/// `adds`.
///
/// The first tile of a run may only be a later one than 0 if the tiles before it have been added.
void ck_winograd_input_adjoint(const CKWinogradTiles *tiles, const float *v, bool adds, float *x);

/// y ← AᵀmA, without what reaches out of the image.
void ck_winograd_output(const CKWinogradTiles *tiles, const float *m, float *y);

/// z ← A·y·Aᵀ: the adjoint of `ck_winograd_output`.
void ck_winograd_output_adjoint(const CKWinogradTiles *tiles, const float *y, float *z);
void ck_winograd_output_adjoint_bf16(const CKWinogradTiles *tiles, size_t parts, const float *y,
                                     uint16_t *z);

/// u [panels: inputs × count] ← G·w·Gᵀ for w [3, 3, inputs, outputs], of `count` outputs from `first`
/// on.
void ck_winograd_weight(CKWinogradForm form, size_t inputs, size_t outputs, size_t first,
                        size_t count, size_t frequencyStride, const float *w, float *u);
void ck_winograd_weight_bf16(CKWinogradForm form, size_t parts, size_t inputs, size_t outputs,
                             size_t first, size_t count, size_t frequencyStride, const float *w,
                             uint32_t *u);

/// u [panels: outputs × count] ← the transpose of what `ck_winograd_weight` gives, of `count` inputs
/// from `first` on.
void ck_winograd_weight_transposed(CKWinogradForm form, size_t inputs, size_t outputs,
                                   size_t first, size_t count, size_t frequencyStride,
                                   const float *w, float *u);
void ck_winograd_weight_transposed_bf16(CKWinogradForm form, size_t parts, size_t inputs,
                                        size_t outputs, size_t first, size_t count,
                                        size_t frequencyStride, const float *w, uint32_t *u);

/// w ← scale·GᵀuG + previous·w: the adjoint of `ck_winograd_weight`. With previous 0, w is not
/// read.
void ck_winograd_weight_adjoint(CKWinogradForm form, size_t inputs, size_t outputs,
                                size_t frequencyStride, const float *u, float scale,
                                float previous, float *w);

/// The extents of the products of a run; strides in elements.
typedef struct {
  CKWinogradForm form;
  /// Tiles of the run.
  size_t tiles;
  /// Channels of the activations that are read.
  size_t inputs;
  /// Channels of the other activations.
  size_t outputs;
  size_t inputPitch, inputCoefficientStride;
  size_t outputPitch, outputCoefficientStride;
  size_t panelFrequencyStride;
} CKWinogradProducts;

/// output [tiles × outputs] ← input [tiles × inputs]·panels [inputs × outputs], for every
/// coefficient, by the panels of its frequency.
///
/// An element is one chain of sums over the inputs, in order: it does not depend on the other
/// tiles.
void ck_winograd_multiply(const CKWinogradProducts *products, const float *input,
                          const float *panels, float *output);

/// panels [inputs × outputs] ← scale·Σ inputᵀ·output + previous·panels, for every frequency, over
/// its coefficients.
///
/// With previous 0 the panels are not read.
void ck_winograd_multiply_transposed(const CKWinogradProducts *products, const float *input,
                                     const float *output, float scale, float previous,
                                     float *panels);

/// `ck_winograd_multiply`. The sums of an element are chains over pairs of inputs.
void ck_winograd_multiply_bf16(const CKWinogradProducts *products, size_t parts,
                               const uint16_t *input, const uint32_t *panels, float *output);

/// Words of the pairs of so many tiles, of one part and coefficient.
size_t ck_winograd_pair_words(size_t tiles, size_t pitch);

/// `ck_winograd_multiply_transposed`; the panels are those of floats.
///
/// `pairs` is scratch, for the pair words of inputs and of outputs, times the parts.
void ck_winograd_multiply_transposed_bf16(const CKWinogradProducts *products, size_t parts,
                                          const uint16_t *input, const uint16_t *output,
                                          float scale, float previous, uint32_t *pairs,
                                          float *panels);

#endif
