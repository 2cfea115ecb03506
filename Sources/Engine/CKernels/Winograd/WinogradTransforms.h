#ifndef CKERNELS_WINOGRAD_TRANSFORMS_H
#define CKERNELS_WINOGRAD_TRANSFORMS_H

#include "../Dispatch/Lanes.h"
#include "WinogradForms.h"
#include <stdbool.h>
#include <stdint.h>

// One-dimensional transforms of 16 channels at a time; the two-dimensional ones apply them to the
// columns of a tile and then to its rows.
//
// The matrices are those of Toom and Cook (S. Winograd, Arithmetic Complexity of Computations,
// 1980). For the finite points a and ∞, with M(x) = Π(x − a), row k of Bᵀ holds the coefficients of
// M(x)/(x − aₖ), row k of G is (1, aₖ, …)/M′(aₖ), column k of Aᵀ is (1, aₖ, aₖ², aₖ³); the last row
// of Bᵀ holds M, that of G is (…, 0, 1), the last column of Aᵀ is (0, 0, 0, 1).
//
// Stride 1 is F(4, 3) in the points 0, p, −p, q, −q with p = √½ and q = √2, and ∞ (on points in
// reciprocal pairs: B. Barabasz et al., Error analysis and improving the accuracy of Winograd
// convolution, 2020). M(x) = x⁵ − 5/2·x³ + x, and M′ is 1, −3/2, −3/2, 6, 6.
//
//       | 1   0  −5/2   0   1  0 |       |   1     0     0  |
//       | 0 −2p   −2    p   1  0 |       | −2/3 −2p/3  −1/3 |        | 1   1    1   1    1  0 |
//  Bᵀ = | 0  2p   −2   −p   1  0 |   G = | −2/3  2p/3  −1/3 |   Aᵀ = | 0   p   −p   q   −q  0 |
//       | 0 −q/2  −1/2  q   1  0 |       |  1/6   q/6   1/3 |        | 0  1/2  1/2  2    2  0 |
//       | 0  q/2  −1/2 −q   1  0 |       |  1/6  −q/6   1/3 |        | 0  p/2 −p/2 2q  −2q  1 |
//       | 0   1     0 −5/2  0  1 |       |   0     0     1  |
//
// Stride 2: the 9 inputs are e at even and o at odd positions. The outer taps multiply e, the
// middle tap multiplies o: y[i] = w₀·e[i] + w₂·e[i + 1] + w₁·o[i]. The first two terms are F(4, 2)
// in the points 1, −1, ½, −½ and ∞, coefficients 0 to 4; the last term is four products with one
// tap, coefficients 5 to 8, which share frequency 5. M(x) = x⁴ − 5/4·x² + 1/4, and M′ is 3/2, −3/2,
// −3/4, 3/4.
//
//       | −1/4 −1/4   1    1  0 |       |  2/3  2/3 |        | 1  1   1    1   0 |
//       |  1/4 −1/4  −1    1  0 |       | −2/3  2/3 |   Aᵀ = | 1 −1  1/2 −1/2  0 |
//  Bᵀ = | −1/2  −1   1/2   1  0 |   G = | −4/3 −2/3 |        | 1  1  1/4  1/4  0 |
//       |  1/2  −1  −1/2   1  0 |       |  4/3 −2/3 |        | 1 −1  1/8 −1/8  1 |
//       |  1/4   0  −5/4   0  1 |       |   0    1  |

// Images of 2×2 are one tile, whose inputs d[0] and d[3] are padding: y[0] = w₁·d[1] + w₂·d[2] and
// y[1] = w₀·d[1] + w₁·d[2] share w₁·(d[1] + d[2]), as in the multiplication of A. Karatsuba and
// Y. Ofman, 1962.
//
//       | 0 1 1 |       | 0  1  0 |        | 1 1 0 |
//  Bᵀ = | 0 0 1 |   G = | 0 −1  1 |   Aᵀ = | 1 0 1 |
//       | 0 1 0 |       | 1 −1  0 |

#define P 0.70710678118654752440f
#define Q 1.41421356237309504880f

_Static_assert(laneCount == CKWinogradLanes, "a vector holds the channels of one tile element");

/// The number of lanes from `channel` on, at most 16.
ALWAYS_INLINE size_t lanesFrom(size_t channel, size_t channels) {
  return channels - channel < CKWinogradLanes ? channels - channel : CKWinogradLanes;
}

/// Stride 1: t ← Bᵀd.
ALWAYS_INLINE void inputTransform1(const Lanes d[6], Lanes t[6]) {
  const Lanes evenP = d[4] - 2 * d[2], oddP = P * (d[3] - 2 * d[1]);
  const Lanes evenQ = d[4] - 0.5f * d[2], oddQ = Q * (d[3] - 0.5f * d[1]);
  t[0] = d[0] - 2.5f * d[2] + d[4];
  t[1] = evenP + oddP;
  t[2] = evenP - oddP;
  t[3] = evenQ + oddQ;
  t[4] = evenQ - oddQ;
  t[5] = d[1] - 2.5f * d[3] + d[5];
}

/// Stride 1: d ← B·t.
ALWAYS_INLINE void inputAdjoint1(const Lanes t[6], Lanes d[6]) {
  const Lanes evenP = t[1] + t[2], oddP = P * (t[1] - t[2]);
  const Lanes evenQ = t[3] + t[4], oddQ = Q * (t[3] - t[4]);
  d[0] = t[0];
  d[1] = t[5] - 2 * oddP - 0.5f * oddQ;
  d[2] = -2.5f * t[0] - 2 * evenP - 0.5f * evenQ;
  d[3] = oddP + oddQ - 2.5f * t[5];
  d[4] = t[0] + evenP + evenQ;
  d[5] = t[5];
}

/// Stride 1: y ← Aᵀm.
ALWAYS_INLINE void outputTransform1(const Lanes m[6], Lanes y[4]) {
  const Lanes evenP = m[1] + m[2], oddP = P * (m[1] - m[2]);
  const Lanes evenQ = m[3] + m[4], oddQ = Q * (m[3] - m[4]);
  y[0] = m[0] + evenP + evenQ;
  y[1] = oddP + oddQ;
  y[2] = 0.5f * evenP + 2 * evenQ;
  y[3] = 0.5f * oddP + 2 * oddQ + m[5];
}

/// Stride 1: z ← A·y.
ALWAYS_INLINE void outputAdjoint1(const Lanes y[4], Lanes z[6]) {
  const Lanes evenP = y[0] + 0.5f * y[2], oddP = P * (y[1] + 0.5f * y[3]);
  const Lanes evenQ = y[0] + 2 * y[2], oddQ = Q * (y[1] + 2 * y[3]);
  z[0] = y[0];
  z[1] = evenP + oddP;
  z[2] = evenP - oddP;
  z[3] = evenQ + oddQ;
  z[4] = evenQ - oddQ;
  z[5] = y[3];
}

/// Stride 1: u ← G·w.
ALWAYS_INLINE void weightTransform1(const Lanes w[3], Lanes u[6]) {
  const Lanes evenP = (-2.0f / 3) * w[0] - (1.0f / 3) * w[2], oddP = (-2 * P / 3) * w[1];
  const Lanes evenQ = (1.0f / 6) * w[0] + (1.0f / 3) * w[2], oddQ = (Q / 6) * w[1];
  u[0] = w[0];
  u[1] = evenP + oddP;
  u[2] = evenP - oddP;
  u[3] = evenQ + oddQ;
  u[4] = evenQ - oddQ;
  u[5] = w[2];
}

/// Stride 1: w ← Gᵀu.
ALWAYS_INLINE void weightAdjoint1(const Lanes u[6], Lanes w[3]) {
  const Lanes evenP = u[1] + u[2], evenQ = u[3] + u[4];
  w[0] = u[0] - (2.0f / 3) * evenP + (1.0f / 6) * evenQ;
  w[1] = (-2 * P / 3) * (u[1] - u[2]) + (Q / 6) * (u[3] - u[4]);
  w[2] = (1.0f / 3) * (evenQ - evenP) + u[5];
}

/// Stride 2: t ← Bᵀd.
ALWAYS_INLINE void inputTransform2(const Lanes d[9], Lanes t[9]) {
  const Lanes even = d[4] - 0.25f * d[0], odd = d[6] - 0.25f * d[2];
  const Lanes evenHalf = 0.5f * (d[4] - d[0]), oddHalf = d[6] - d[2];
  t[0] = odd + even;
  t[1] = odd - even;
  t[2] = oddHalf + evenHalf;
  t[3] = oddHalf - evenHalf;
  t[4] = 0.25f * d[0] - 1.25f * d[4] + d[8];
  UNROLLED for (size_t i = 0; i < 4; i++) t[5 + i] = d[2 * i + 1];
}

/// Stride 2: d ← B·t.
ALWAYS_INLINE void inputAdjoint2(const Lanes t[9], Lanes d[9]) {
  const Lanes odd = t[0] + t[1], even = t[0] - t[1];
  const Lanes oddHalf = t[2] + t[3], evenHalf = 0.5f * (t[2] - t[3]);
  d[0] = 0.25f * (t[4] - even) - evenHalf;
  d[2] = -0.25f * odd - oddHalf;
  d[4] = even + evenHalf - 1.25f * t[4];
  d[6] = odd + oddHalf;
  d[8] = t[4];
  UNROLLED for (size_t i = 0; i < 4; i++) d[2 * i + 1] = t[5 + i];
}

/// Stride 2: y ← Aᵀm.
ALWAYS_INLINE void outputTransform2(const Lanes m[9], Lanes y[4]) {
  const Lanes even = m[0] + m[1], odd = m[0] - m[1];
  const Lanes evenHalf = m[2] + m[3], oddHalf = m[2] - m[3];
  y[0] = even + evenHalf + m[5];
  y[1] = odd + 0.5f * oddHalf + m[6];
  y[2] = even + 0.25f * evenHalf + m[7];
  y[3] = odd + 0.125f * oddHalf + m[4] + m[8];
}

/// Stride 2: z ← A·y.
ALWAYS_INLINE void outputAdjoint2(const Lanes y[4], Lanes z[9]) {
  const Lanes even = y[0] + y[2], odd = y[1] + y[3];
  const Lanes evenHalf = y[0] + 0.25f * y[2], oddHalf = 0.5f * y[1] + 0.125f * y[3];
  z[0] = even + odd;
  z[1] = even - odd;
  z[2] = evenHalf + oddHalf;
  z[3] = evenHalf - oddHalf;
  z[4] = y[3];
  UNROLLED for (size_t i = 0; i < 4; i++) z[5 + i] = y[i];
}

/// Stride 2: u ← G·w.
ALWAYS_INLINE void weightTransform2(const Lanes w[3], Lanes u[6]) {
  const Lanes first = (2.0f / 3) * w[0], last = (2.0f / 3) * w[2];
  u[0] = last + first;
  u[1] = last - first;
  u[2] = -2 * first - last;
  u[3] = 2 * first - last;
  u[4] = w[2];
  u[5] = w[1];
}

/// Stride 2: w ← Gᵀu.
ALWAYS_INLINE void weightAdjoint2(const Lanes u[6], Lanes w[3]) {
  w[0] = (2.0f / 3) * (u[0] - u[1] - 2 * (u[2] - u[3]));
  w[1] = u[5];
  w[2] = (2.0f / 3) * (u[0] + u[1] - u[2] - u[3]) + u[4];
}

/// Images of 2×2: t ← Bᵀd; d[0] is padding.
ALWAYS_INLINE void inputTransform3(const Lanes d[3], Lanes t[3]) {
  t[0] = d[1] + d[2];
  t[1] = d[2];
  t[2] = d[1];
}

/// Images of 2×2: d ← B·t.
ALWAYS_INLINE void inputAdjoint3(const Lanes t[3], Lanes d[3]) {
  d[0] = (Lanes){0};
  d[1] = t[0] + t[2];
  d[2] = t[0] + t[1];
}

/// Images of 2×2: y ← Aᵀm.
ALWAYS_INLINE void outputTransform3(const Lanes m[3], Lanes y[2]) {
  y[0] = m[0] + m[1];
  y[1] = m[0] + m[2];
}

/// Images of 2×2: z ← A·y.
ALWAYS_INLINE void outputAdjoint3(const Lanes y[2], Lanes z[3]) {
  z[0] = y[0] + y[1];
  z[1] = y[0];
  z[2] = y[1];
}

/// Images of 2×2: u ← G·w.
ALWAYS_INLINE void weightTransform3(const Lanes w[3], Lanes u[3]) {
  u[0] = w[1];
  u[1] = w[2] - w[1];
  u[2] = w[0] - w[1];
}

/// Images of 2×2: w ← Gᵀu.
ALWAYS_INLINE void weightAdjoint3(const Lanes u[3], Lanes w[3]) {
  w[0] = u[2];
  w[1] = u[0] - u[1] - u[2];
  w[2] = u[1];
}

/// Defines a transform from its variants for the three forms; `form` is a constant after inlining.
#define TRANSFORM(name)                                                                           \
  ALWAYS_INLINE void name(CKWinogradForm form, const Lanes *from, Lanes *to) {                    \
    if (form == CKWinogradFormStride1) name##1(from, to);                                         \
    if (form == CKWinogradFormStride2) name##2(from, to);                                         \
    if (form == CKWinogradFormTwoByTwo) name##3(from, to);                                        \
  }

TRANSFORM(inputTransform)
TRANSFORM(inputAdjoint)
TRANSFORM(outputTransform)
TRANSFORM(outputAdjoint)
TRANSFORM(weightTransform)
TRANSFORM(weightAdjoint)

enum { mostExtent = 9, mostOutputs = 4, mostFrequencies = 6 };

/// The position of a tile: its inputs or outputs start at (row, column) of an image.
typedef struct {
  size_t row, column;
  /// The offset of the image, in floats.
  size_t image;
} TilePlace;

/// The position of tile `tile`, where tiles start every `step` rows and columns.
ALWAYS_INLINE TilePlace placeOf(const CKWinogradTiles *v, size_t step, size_t tile) {
  const size_t perImage = v->rows * v->columns, inImage = tile % perImage;
  return (TilePlace){.row = inImage / v->columns * step,
                     .column = inImage % v->columns * step,
                     .image = tile / perImage * v->height * v->width * v->channels};
}

/// The offset of a tile's corner in an image with `padding`; before the image's start at the
/// border.
ALWAYS_INLINE ptrdiff_t originOf(const CKWinogradTiles *v, size_t padding, TilePlace place) {
  const ptrdiff_t row = (ptrdiff_t)place.row - (ptrdiff_t)padding;
  const ptrdiff_t column = (ptrdiff_t)place.column - (ptrdiff_t)padding;
  return (ptrdiff_t)place.image + (row * (ptrdiff_t)v->width + column) * (ptrdiff_t)v->channels;
}

/// Prefetches 16 channels of `columns` columns and `rows` rows from `first` on, which may lie
/// outside the images.
///
/// Tiles lie apart in memory, which hardware prefetches little of. Prefetching the next tile halves
/// the time of a transform of 64 channels at 32².
ALWAYS_INLINE void prefetch(const CKWinogradTiles *v, const float *images, ptrdiff_t first,
                            size_t rows, size_t columns) {
  UNROLLED for (size_t i = 0; i < rows; i++) {
    UNROLLED for (size_t j = 0; j < columns; j++) {
      const ptrdiff_t at = first + (ptrdiff_t)((i * v->width + j) * v->channels);
      __builtin_prefetch((const void *)((uintptr_t)images + (uintptr_t)at * sizeof(float)));
    }
  }
}

#endif
