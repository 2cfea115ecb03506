#include "ActivationFunction.h"
#include "ActivationFunctions.h"

/// Terms of a block are summed in float lanes, blocks in double.
enum { blockFloats = 1024 };

ALWAYS_INLINE void values(size_t count, CKActivationFunction function, float beta, const float *x,
                          float *y) {
  const float inverse = 1.0f / beta;
  ELEMENTWISE for (size_t i = 0; i < count; i++) y[i] = activate(function, beta * x[i]) * inverse;
}

KERNEL(void, ck_activate,
       (size_t count, CKActivationFunction function, float beta, const float *x, float *y),
       (count, function, beta, x, y)){
#define PASS(f) values(count, f, beta, x, y)
    WITH_FUNCTION(function, PASS)
#undef PASS
}

ALWAYS_INLINE void derivatives(size_t count, CKActivationFunction function, float beta,
                               const float *x, const float *g, float *out) {
  ELEMENTWISE for (size_t i = 0; i < count; i++) out[i] =
      slopes(function, beta * x[i]).first * g[i];
}

KERNEL(void, ck_activate_derivative,
       (size_t count, CKActivationFunction function, float beta, const float *x, const float *g,
        float *out),
       (count, function, beta, x, g, out)){
#define PASS(f) derivatives(count, f, beta, x, g, out)
    WITH_DERIVATIVES(function, PASS)
#undef PASS
}

ALWAYS_INLINE
    void backwardTangents(size_t count, CKActivationFunction function, float beta, const float *x,
                          const float *tangent, const float *g, const float *dg, float *out) {
  ELEMENTWISE for (size_t i = 0; i < count; i++) {
    Slopes s = slopes(function, beta * x[i]);
    out[i] = beta * s.second * tangent[i] * g[i] + s.first * dg[i];
  }
}

KERNEL(void, ck_activate_backward_tangent,
       (size_t count, CKActivationFunction function, float beta, const float *x,
        const float *tangent, const float *g, const float *dg, float *out),
       (count, function, beta, x, tangent, g, dg, out)){
#define PASS(f) backwardTangents(count, f, beta, x, tangent, g, dg, out)
    WITH_DERIVATIVES(function, PASS)
#undef PASS
}

ALWAYS_INLINE
    double betaGradient(size_t count, float beta, bool centered, const float *x, const float *g) {
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

KERNEL(double, ck_activate_beta_gradient,
       (size_t count, CKActivationFunction function, float beta, const float *x, const float *g),
       (count, function, beta, x, g)) {
  if (function == CKSoftplus) return betaGradient(count, beta, false, x, g);
  return function == CKCenteredSoftplus ? betaGradient(count, beta, true, x, g) : 0;
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

KERNEL(double, ck_activate_beta_gradient_tangent,
       (size_t count, CKActivationFunction function, float beta, const float *x,
        const float *tangent, const float *g, const float *dg),
       (count, function, beta, x, tangent, g, dg)) {
  if (function == CKSoftplus) return betaGradientTangent(count, beta, false, x, tangent, g, dg);
  return function == CKCenteredSoftplus ? betaGradientTangent(count, beta, true, x, tangent, g, dg)
                                        : 0;
}
