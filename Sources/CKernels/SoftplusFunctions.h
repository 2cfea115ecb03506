#ifndef CKERNELS_SOFTPLUS_FUNCTIONS_H
#define CKERNELS_SOFTPLUS_FUNCTIONS_H

#include "Exponential.h"
#include <stdbool.h>

// Softplus and its derivatives at one element, for loops that vectorize.

/// From here on softplus(z) is z: in float32 the difference is below half a unit in the last place.
#define LINEAR_FROM 20.0f

/// softplus(z) − log 2 = max(z, 0) − 2·artanh((1 − u)/(3 + u)) with u = e^(−|z|).
///
/// With 1 − u from expm1 nothing cancels around zero, where the result is z/2 + z²/8.
ALWAYS_INLINE float centeredSoftplus(float z) {
  Decay u = decay(__builtin_fabsf(z));
  float positive = z < 0.0f ? 0.0f : z;
  return positive - twiceArtanh(-u.expm1 / (4.0f + u.expm1));
}

/// softplus(z) = max(z, 0) + log(1 + u) with u = e^(−|z|); log(1 + u) = 2·artanh(u/(2 + u)).
ALWAYS_INLINE float plainSoftplus(float z) {
  Decay u = decay(__builtin_fabsf(z));
  float positive = z < 0.0f ? 0.0f : z;
  return positive + twiceArtanh(u.exp / (2.0f + u.exp));
}

/// σ(z) and σ'(z).
typedef struct {
  float value;
  float slope;
} Sigmoid;

ALWAYS_INLINE Sigmoid sigmoid(float z) {
  float u = decay(__builtin_fabsf(z)).exp;
  float inverse = 1.0f / (1.0f + u);
  float small = u * inverse;
  Sigmoid result = {z < 0.0f ? small : inverse, z > LINEAR_FROM ? 0.0f : small * inverse};
  return result;
}

/// β²·∂s/∂β = z·σ(z) − softplus(z) + c.
///
/// It is even in z. With c = 0 it is −(|z|·u/(1 + u) + log(1 + u)): no cancellation. With c = log 2
/// it is z²/8 around zero, the difference of two terms of size |z|/2, so |z| < 2 takes a
/// polynomial.
ALWAYS_INLINE float betaSlope(float z, bool centered) {
  float a = __builtin_fabsf(z);
  Decay u = decay(a);
  float decaying = a > 87.0f ? 0.0f : a * u.exp / (1.0f + u.exp);
  if (!centered) {
    float slope = -(decaying + twiceArtanh(u.exp / (2.0f + u.exp)));
    return z > LINEAR_FROM ? 0.0f : slope;
  }
  float t = a * a;
  // (log 2 − log(1 + u) − a·u/(1 + u))/t in t = a² on [0, 4], to 2e-8.
  float p = -4.98521091e-09f;
  p = p * t + 1.28323308e-07f;
  p = p * t - 1.76588753e-06f;
  p = p * t + 1.88477716e-05f;
  p = p * t - 0.000184101198f;
  p = p * t + 0.00173593638f;
  p = p * t - 0.0156249674f;
  p = p * t + 0.125f;
  float far = twiceArtanh(-u.expm1 / (4.0f + u.expm1)) - decaying;
  return a < 2.0f ? t * p : far;
}

/// softplus(z) − c.
ALWAYS_INLINE float softplus(float z, bool centered) {
  return centered ? centeredSoftplus(z) : plainSoftplus(z);
}

#endif
