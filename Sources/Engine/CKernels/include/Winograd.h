#ifndef CKERNELS_WINOGRAD_H
#define CKERNELS_WINOGRAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Winograd's convolution for 3×3 kernels with padding 1, in one of the forms below. A tile of E×E
// inputs gives 4×4 or 2×2 outputs, with one product for each of the E² coefficients of the tile. A
// coefficient belongs to one of the F frequencies of the weight. The matrices Bᵀ, G and Aᵀ are in
// WinogradTransforms.h.
//
// Layouts. "Tiles" are transformed activations, [E²][tiles][pitch], with the pitch the channels
// rounded up to 16 by zeros. "Panels" are transformed weights, [F][columns / 32][rows][32]; the
// last panel is 16 wide if the columns, rounded up to 16, need no more. Neighbouring coefficients
// are `coefficientStride` elements apart, neighbouring frequencies `frequencyStride`.
//
// Functions named bf16 split each factor into a sum of `parts` bfloat16, 1 or 3, and sum products
// in floats. A part is the remainder of the parts before it, rounded to nearest, ties to even, so
// three parts hold all bits of a float. With three parts, only the six of nine products that reach
// the last bit of a float are computed. Tiles are then [parts][E²][tiles][pitch] of bfloat16, and
// panels [parts][F][columns / 32][rows / 2][32] words, with the rows rounded up to 16 by zeros. A
// word is a pair of rows, the first in its lower half.

/// Channels are padded to a multiple of this.
enum { CKWinogradLanes = 16 };
/// The largest F of all forms.
enum { CKWinogradFrequencies = 36 };

typedef enum __attribute__((enum_extensibility(closed))) {
  /// Stride 1: E = 6, F = 36, one coefficient per frequency.
  CKWinogradFormStride1,
  /// Stride 2: E = 9, F = 36.
  CKWinogradFormStride2,
  /// Stride 1 on images of at most 2×2, which are one tile: E = 3, F = 9.
  CKWinogradFormTwoByTwo,
} CKWinogradForm;

/// E² and F.
size_t ck_winograd_coefficients(CKWinogradForm form);
size_t ck_winograd_frequencies(CKWinogradForm form);

/// A run of the tiles of some NHWC images, in order of image, row and column.
typedef struct {
  CKWinogradForm form;
  /// Extents of the images that are read or written: the convolution's inputs or outputs.
  size_t height, width, channels;
  /// Rows and columns of tiles in an image.
  size_t rows, columns;
  size_t firstTile, tiles;
  /// Layout of the transformed activations, in elements.
  size_t pitch, coefficientStride;
} CKWinogradTiles;

/// v ← BᵀdB for the input tiles d of x, which overlap; zero outside the image.
void ck_winograd_input(const CKWinogradTiles *tiles, const float *x, float *v);

void ck_winograd_input_bf16(const CKWinogradTiles *tiles, size_t parts, const float *x,
                            uint16_t *v);

/// v ← BᵀdB for the input tiles d of a·x + b·w.
void ck_winograd_combined_input(const CKWinogradTiles *tiles, float a, const float *x, float b,
                                const float *w, float *v);
void ck_winograd_combined_input_bf16(const CKWinogradTiles *tiles, size_t parts, float a,
                                     const float *x, float b, const float *w, uint16_t *v);

/// x ← Σ B·v·Bᵀ over the tiles that contain an element: the adjoint of `ck_winograd_input`.
///
/// If `adds`, the sums are added to x. A run that does not start at tile 0 must follow the runs of
/// all tiles before it.
void ck_winograd_input_adjoint(const CKWinogradTiles *tiles, const float *v, bool adds, float *x);

/// y ← AᵀmA, cropped to the image.
void ck_winograd_output(const CKWinogradTiles *tiles, const float *m, float *y);

/// z ← A·y·Aᵀ: the adjoint of `ck_winograd_output`.
void ck_winograd_output_adjoint(const CKWinogradTiles *tiles, const float *y, float *z);
void ck_winograd_output_adjoint_bf16(const CKWinogradTiles *tiles, size_t parts, const float *y,
                                     uint16_t *z);

/// u [panels: inputs × count] ← G·w·Gᵀ for w [3, 3, inputs, outputs], for `count` outputs from
/// `first` on.
void ck_winograd_weight(CKWinogradForm form, size_t inputs, size_t outputs, size_t first,
                        size_t count, size_t frequencyStride, const float *w, float *u);
void ck_winograd_weight_bf16(CKWinogradForm form, size_t parts, size_t inputs, size_t outputs,
                             size_t first, size_t count, size_t frequencyStride, const float *w,
                             uint32_t *u);

/// u [panels: outputs × count] ← the transpose of the result of `ck_winograd_weight`, for `count`
/// inputs from `first` on.
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
  /// Channels of the activations on the input side.
  size_t inputs;
  /// Channels of the activations on the output side.
  size_t outputs;
  size_t inputPitch, inputCoefficientStride;
  size_t outputPitch, outputCoefficientStride;
  size_t panelFrequencyStride;
} CKWinogradProducts;

/// output [tiles × outputs] ← input [tiles × inputs]·panels [inputs × outputs], for every
/// coefficient, by the panels of its frequency.
///
/// An element is one chain of sums over the inputs, in order, so it does not depend on other tiles.
void ck_winograd_multiply(const CKWinogradProducts *products, const float *input,
                          const float *panels, float *output);

/// panels [inputs × outputs] ← scale·Σ inputᵀ·output + previous·panels, for every frequency, over
/// its coefficients.
///
/// With previous 0 the panels are not read.
void ck_winograd_multiply_transposed(const CKWinogradProducts *products, const float *input,
                                     const float *output, float scale, float previous,
                                     float *panels);

/// `ck_winograd_multiply` on parts of bfloat16; an element is one chain of sums over pairs of
/// inputs.
void ck_winograd_multiply_bf16(const CKWinogradProducts *products, size_t parts,
                               const uint16_t *input, const uint32_t *panels, float *output);

/// The number of words that hold the pairs of `tiles` tiles, for one part and coefficient.
size_t ck_winograd_bf16_scratch_words(size_t tiles, size_t pitch);

/// `ck_winograd_multiply_transposed` on parts of bfloat16; the panels are floats.
///
/// `pairs` is scratch: `parts` times the words of the inputs and of the outputs.
void ck_winograd_multiply_transposed_bf16(const CKWinogradProducts *products, size_t parts,
                                          const uint16_t *input, const uint16_t *output,
                                          float scale, float previous, uint32_t *pairs,
                                          float *panels);

#endif
