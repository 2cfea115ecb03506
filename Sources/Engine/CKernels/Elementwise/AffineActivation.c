#include "AffineActivation.h"
#include "ActivationFunctions.h"
#include <stdint.h>

// Loops over channels take one or two summands; `count` is a constant after inlining.

/// Rows that are summed in float, before the sums are added in double.
enum { blockRows = 32, blockChannels = 256 };

/// The distance of prefetches, in floats and at least one row; a cache line has 16 floats.
enum { aheadFloats = 512, lineFloats = 16 };

ALWAYS_INLINE size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

/// The pointers of a summand at the first channel of a row.
ALWAYS_INLINE CKSummand rowOf(const CKSummand *s, size_t offset, size_t channel) {
  CKSummand r = *s;
  r.x += offset + channel, r.mean += channel, r.scale += channel;
  if (r.tangent) r.tangent += offset + channel;
  r.tangentCentered += channel, r.tangentOffset += channel;
  r.gradientCentered += channel, r.gradientOffset += channel;
  r.secondCentered += channel, r.secondTangent += channel;
  r.secondGradient += channel, r.secondOffset += channel;
  if (r.gradient) r.gradient += offset + channel;
  if (r.gradientTangent) r.gradientTangent += offset + channel;
  return r;
}

/// Prefetches `width` floats of a row that is some rows ahead; the last ones lie beyond the end.
///
/// The loops read up to six matrices and write four, more streams than the hardware prefetches:
/// with tangents and two summands, this saves a fifth of the time.
ALWAYS_INLINE void prefetch(const float *row, size_t channels, size_t width) {
  const size_t rows = channels < aheadFloats ? aheadFloats / channels : 1;
  const uintptr_t from = (uintptr_t)row + rows * channels * sizeof(float);
  for (size_t c = 0; c < width; c += lineFloats) {
    __builtin_prefetch((const void *)(from + c * sizeof(float)));
  }
}

/// Prefetches both matrices of a summand with a tangent.
ALWAYS_INLINE void prefetchBoth(const CKSummand *s, size_t channels, size_t width) {
  prefetch(s->x, channels, width);
  prefetch(s->tangent, channels, width);
}

#define CENTERED(s, c) ((s).x[c] - (s).mean[c])
#define PART(s, c) (CENTERED(s, c) * (s).scale[c])
#define PART_TANGENT(s, c)                                                                        \
  (CENTERED(s, c) * (s).tangentCentered[c] + (s).tangent[c] * (s).scale[c] + (s).tangentOffset[c])
#define PART_GRADIENT(s, c, zg)                                                                   \
  (CENTERED(s, c) * (s).gradientCentered[c] + (zg) * (s).scale[c] + (s).gradientOffset[c])
#define PART_SECOND(s, c, zg, dzg)                                                                \
  (CENTERED(s, c) * (s).secondCentered[c] + (s).tangent[c] * (s).secondTangent[c] +               \
   (zg) * (s).secondGradient[c] + (dzg) * (s).scale[c] + (s).secondOffset[c])

ALWAYS_INLINE void forward(const CKAffineActivation *a, float *y, size_t count,
                           CKActivationFunction function) {
  const float beta = a->beta, inverse = 1.0f / beta;
  for (size_t row = 0; row < a->rows; row++, y += a->channels) {
    const CKSummand p = rowOf(&a->summands[0], row * a->channels, 0);
    const CKSummand q = rowOf(&a->summands[count - 1], row * a->channels, 0);
    ELEMENTWISE for (size_t c = 0; c < a->channels; c++) {
      const float z = count == 2 ? PART(p, c) + PART(q, c) : PART(p, c);
      y[c] = activate(function, beta * z) * inverse;
    }
  }
}

ALWAYS_INLINE void gradientSums(const CKAffineActivation *a, const float *gradient,
                                const CKActivationSums *sums, size_t count,
                                CKActivationFunction function) {
  const float beta = a->beta;
  double betaTotal = 0;
  for (size_t first = 0; first < a->channels; first += blockChannels) {
    const size_t width = smaller(blockChannels, a->channels - first);
    for (size_t start = 0; start < a->rows; start += blockRows) {
      const size_t end = smaller(a->rows, start + blockRows);
      float sum[blockChannels] = {0}, b[blockChannels] = {0};
      float products[2][blockChannels] = {{0}};
      for (size_t row = start; row < end; row++) {
        const CKSummand p = rowOf(&a->summands[0], row * a->channels, first);
        const CKSummand q = rowOf(&a->summands[count - 1], row * a->channels, first);
        const float *g = gradient + row * a->channels + first;
        ELEMENTWISE for (size_t c = 0; c < width; c++) {
          const float z = beta * (count == 2 ? PART(p, c) + PART(q, c) : PART(p, c));
          const float zg = slopes(function, z).first * g[c];
          sum[c] += zg;
          products[0][c] += zg * CENTERED(p, c);
          if (count == 2) products[1][c] += zg * CENTERED(q, c);
          b[c] += slopeOfBeta(function, z) * g[c];
        }
      }
      for (size_t c = 0; c < width; c++) {
        sums->sum[first + c] += sum[c];
        for (size_t k = 0; k < count; k++) sums->products[k][first + c] += products[k][c];
        betaTotal += b[c];
      }
    }
  }
  *sums->beta += betaTotal / ((double)beta * beta);
}

ALWAYS_INLINE void backward(const CKAffineActivation *a, const float *g, size_t count,
                            CKActivationFunction function) {
  const float beta = a->beta;
  for (size_t row = 0; row < a->rows; row++, g += a->channels) {
    const CKSummand p = rowOf(&a->summands[0], row * a->channels, 0);
    const CKSummand q = rowOf(&a->summands[count - 1], row * a->channels, 0);
    prefetch(p.x, a->channels, a->channels);
    if (count == 2) prefetch(q.x, a->channels, a->channels);
    prefetch(g, a->channels, a->channels);
    ELEMENTWISE for (size_t c = 0; c < a->channels; c++) {
      const float z = count == 2 ? PART(p, c) + PART(q, c) : PART(p, c);
      const float zg = slopes(function, beta * z).first * g[c];
      const float other = count == 2 ? PART_GRADIENT(q, c, zg) : 0;
      p.gradient[c] = PART_GRADIENT(p, c, zg);
      if (count == 2) q.gradient[c] = other;
    }
  }
}

ALWAYS_INLINE void tangent(const CKAffineActivation *a, float *y, size_t count,
                           CKActivationFunction function) {
  const float beta = a->beta;
  for (size_t row = 0; row < a->rows; row++, y += a->channels) {
    const CKSummand p = rowOf(&a->summands[0], row * a->channels, 0);
    const CKSummand q = rowOf(&a->summands[count - 1], row * a->channels, 0);
    prefetchBoth(&p, a->channels, a->channels);
    if (count == 2) prefetchBoth(&q, a->channels, a->channels);
    ELEMENTWISE for (size_t c = 0; c < a->channels; c++) {
      const float z = count == 2 ? PART(p, c) + PART(q, c) : PART(p, c);
      const float dz = count == 2 ? PART_TANGENT(p, c) + PART_TANGENT(q, c) : PART_TANGENT(p, c);
      y[c] = slopes(function, beta * z).first * dz;
    }
  }
}

ALWAYS_INLINE void secondSums(const CKAffineActivation *a, const float *gradient,
                              const float *gradientTangent, const CKActivationSums *sums,
                              size_t count, CKActivationFunction function) {
  const float beta = a->beta;
  double betaTotal = 0;
  for (size_t first = 0; first < a->channels; first += blockChannels) {
    const size_t width = smaller(blockChannels, a->channels - first);
    for (size_t start = 0; start < a->rows; start += blockRows) {
      const size_t end = smaller(a->rows, start + blockRows);
      float sum[blockChannels] = {0}, b[blockChannels] = {0};
      float products[2][blockChannels] = {{0}}, tangentProducts[2][blockChannels] = {{0}};
      for (size_t row = start; row < end; row++) {
        const CKSummand p = rowOf(&a->summands[0], row * a->channels, first);
        const CKSummand q = rowOf(&a->summands[count - 1], row * a->channels, first);
        const float *g = gradient + row * a->channels + first;
        const float *dg = gradientTangent + row * a->channels + first;
        prefetchBoth(&p, a->channels, width);
        if (count == 2) prefetchBoth(&q, a->channels, width);
        prefetch(g, a->channels, width);
        prefetch(dg, a->channels, width);
        ELEMENTWISE for (size_t c = 0; c < width; c++) {
          const float z = beta * (count == 2 ? PART(p, c) + PART(q, c) : PART(p, c));
          const float dp = PART_TANGENT(p, c), dq = count == 2 ? PART_TANGENT(q, c) : 0;
          const Slopes s = slopes(function, z);
          const float zg = s.first * g[c];
          const float curvature = s.second * (dp + dq) * g[c];
          const float dzg = beta * curvature + s.first * dg[c];
          sum[c] += dzg;
          products[0][c] += dzg * CENTERED(p, c);
          tangentProducts[0][c] += zg * dp;
          if (count == 2) {
            products[1][c] += dzg * CENTERED(q, c);
            tangentProducts[1][c] += zg * dq;
          }
          b[c] += beta * z * curvature + slopeOfBeta(function, z) * dg[c];
        }
      }
      for (size_t c = 0; c < width; c++) {
        sums->sum[first + c] += sum[c];
        for (size_t k = 0; k < count; k++) {
          sums->products[k][first + c] += products[k][c];
          sums->tangentProducts[k][first + c] += tangentProducts[k][c];
        }
        betaTotal += b[c];
      }
    }
  }
  *sums->beta += betaTotal / ((double)beta * beta);
}

/// The gradients of the first `gradients` summands are written.
ALWAYS_INLINE void backwardTangent(const CKAffineActivation *a, const float *g, const float *dg,
                                   size_t count, size_t gradients, CKActivationFunction function) {
  const float beta = a->beta;
  for (size_t row = 0; row < a->rows; row++, g += a->channels, dg += a->channels) {
    const CKSummand p = rowOf(&a->summands[0], row * a->channels, 0);
    const CKSummand q = rowOf(&a->summands[count - 1], row * a->channels, 0);
    prefetchBoth(&p, a->channels, a->channels);
    if (count == 2) prefetchBoth(&q, a->channels, a->channels);
    prefetch(g, a->channels, a->channels);
    prefetch(dg, a->channels, a->channels);
    ELEMENTWISE for (size_t c = 0; c < a->channels; c++) {
      const float z = count == 2 ? PART(p, c) + PART(q, c) : PART(p, c);
      const float dz = count == 2 ? PART_TANGENT(p, c) + PART_TANGENT(q, c) : PART_TANGENT(p, c);
      const Slopes s = slopes(function, beta * z);
      const float zg = s.first * g[c];
      const float dzg = beta * s.second * dz * g[c] + s.first * dg[c];
      p.gradientTangent[c] = PART_SECOND(p, c, zg, dzg);
      if (gradients >= 1) p.gradient[c] = PART_GRADIENT(p, c, zg);
      if (count == 2) q.gradientTangent[c] = PART_SECOND(q, c, zg, dzg);
      if (gradients == 2) q.gradient[c] = PART_GRADIENT(q, c, zg);
    }
  }
}

KERNEL(void, ck_activation_forward, (const CKAffineActivation *a, float *y), (a, y)){
#define PASS(f) a->count == 1 ? forward(a, y, 1, f) : forward(a, y, 2, f)
    WITH_FUNCTION(a->function, PASS)
#undef PASS
}

KERNEL(void, ck_activation_gradient_sums,
       (const CKAffineActivation *a, const float *gradient, const CKActivationSums *sums),
       (a, gradient, sums)){
#define PASS(f)                                                                                   \
  a->count == 1 ? gradientSums(a, gradient, sums, 1, f) : gradientSums(a, gradient, sums, 2, f)
    WITH_FUNCTION(a->function, PASS)
#undef PASS
}

KERNEL(void, ck_activation_backward, (const CKAffineActivation *a, const float *gradient),
       (a, gradient)){
#define PASS(f) a->count == 1 ? backward(a, gradient, 1, f) : backward(a, gradient, 2, f)
    WITH_DERIVATIVES(a->function, PASS)
#undef PASS
}

KERNEL(void, ck_activation_tangent, (const CKAffineActivation *a, float *y), (a, y)){
#define PASS(f) a->count == 1 ? tangent(a, y, 1, f) : tangent(a, y, 2, f)
    WITH_DERIVATIVES(a->function, PASS)
#undef PASS
}

KERNEL(void, ck_activation_second_sums,
       (const CKAffineActivation *a, const float *gradient, const float *gradientTangent,
        const CKActivationSums *sums),
       (a, gradient, gradientTangent, sums)){
#define PASS(f)                                                                                   \
  a->count == 1 ? secondSums(a, gradient, gradientTangent, sums, 1, f)                            \
                : secondSums(a, gradient, gradientTangent, sums, 2, f)
    WITH_FUNCTION(a->function, PASS)
#undef PASS
}

/// The last pass with the numbers of summands and of gradients as constants.
ALWAYS_INLINE void allDerivatives(const CKAffineActivation *a, const float *g, const float *dg,
                                  CKActivationFunction function) {
  const bool ofFirst = a->summands[0].gradient, ofSecond = a->summands[1].gradient;
  const size_t gradients = !ofFirst ? 0 : a->count == 2 && ofSecond ? 2 : 1;
  if (a->count == 1) {
    gradients == 1 ? backwardTangent(a, g, dg, 1, 1, function)
                   : backwardTangent(a, g, dg, 1, 0, function);
  } else if (gradients == 2) {
    backwardTangent(a, g, dg, 2, 2, function);
  } else {
    gradients == 1 ? backwardTangent(a, g, dg, 2, 1, function)
                   : backwardTangent(a, g, dg, 2, 0, function);
  }
}

KERNEL(void, ck_activation_backward_tangent,
       (const CKAffineActivation *a, const float *gradient, const float *gradientTangent),
       (a, gradient, gradientTangent)) {
#define PASS(f) allDerivatives(a, gradient, gradientTangent, f)
  WITH_DERIVATIVES(a->function, PASS)
#undef PASS
}
