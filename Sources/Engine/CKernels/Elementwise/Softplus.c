#include "Softplus.h"
#include "SoftplusFunctions.h"

/// Terms of a block are summed in float lanes, blocks in double.
enum { blockFloats = 1024 };

KERNEL(void, ck_softplus, (size_t count, float beta, bool centered, const float *x, float *y),
       (count, beta, centered, x, y)) {
  const float inverse = 1.0f / beta;
  if (centered) {
    ELEMENTWISE for (size_t i = 0; i < count; i++) y[i] = centeredSoftplus(beta * x[i]) * inverse;
  } else {
    ELEMENTWISE for (size_t i = 0; i < count; i++) y[i] = plainSoftplus(beta * x[i]) * inverse;
  }
}

KERNEL(void, ck_softplus_derivative,
       (size_t count, float beta, const float *x, const float *g, float *out),
       (count, beta, x, g, out)) {
  ELEMENTWISE for (size_t i = 0; i < count; i++) out[i] = sigmoid(beta * x[i]).value * g[i];
}

KERNEL(void, ck_softplus_backward_tangent,
       (size_t count, float beta, const float *x, const float *tangent, const float *g,
        const float *dg, float *out),
       (count, beta, x, tangent, g, dg, out)) {
  ELEMENTWISE for (size_t i = 0; i < count; i++) {
    Sigmoid s = sigmoid(beta * x[i]);
    out[i] = beta * s.slope * tangent[i] * g[i] + s.value * dg[i];
  }
}

ALWAYS_INLINE double betaGradient(size_t count, float beta, bool centered, const float *x,
                                  const float *g) {
  double total = 0;
  for (size_t start = 0; start < count; start += blockFloats) {
    size_t end = count - start < blockFloats ? count : start + blockFloats;
    float sum = 0;
    {
      LANES_MAY_SUM
      for (size_t i = start; i < end; i++) sum += betaSlope(beta * x[i], centered) * g[i];
    }
    total += sum;
  }
  return total / ((double)beta * beta);
}

KERNEL(double, ck_softplus_beta_gradient,
       (size_t count, float beta, bool centered, const float *x, const float *g),
       (count, beta, centered, x, g)) {
  return centered ? betaGradient(count, beta, true, x, g) : betaGradient(count, beta, false, x, g);
}

ALWAYS_INLINE double betaGradientTangent(size_t count, float beta, bool centered, const float *x,
                                         const float *tangent, const float *g, const float *dg) {
  const float square = beta * beta;
  double total = 0;
  for (size_t start = 0; start < count; start += blockFloats) {
    size_t end = count - start < blockFloats ? count : start + blockFloats;
    float sum = 0;
    {
      LANES_MAY_SUM
      for (size_t i = start; i < end; i++) {
        float z = beta * x[i];
        float slopeTerm = square * (x[i] * sigmoid(z).slope * tangent[i] * g[i]);
        sum += slopeTerm + betaSlope(z, centered) * dg[i];
      }
    }
    total += sum;
  }
  return total / ((double)beta * beta);
}

KERNEL(double, ck_softplus_beta_gradient_tangent,
       (size_t count, float beta, bool centered, const float *x, const float *tangent,
        const float *g, const float *dg),
       (count, beta, centered, x, tangent, g, dg)) {
  return centered ? betaGradientTangent(count, beta, true, x, tangent, g, dg)
                  : betaGradientTangent(count, beta, false, x, tangent, g, dg);
}
