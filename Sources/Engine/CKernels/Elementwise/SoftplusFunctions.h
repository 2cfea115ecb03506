#ifndef CKERNELS_SOFTPLUS_FUNCTIONS_H
#define CKERNELS_SOFTPLUS_FUNCTIONS_H

#include "Exponential.h"
#include <stdbool.h>

// Softplus and its derivatives at one element, for loops that vectorize.

/// Above this, softplus(z) is z: in float32 the difference is below half a unit in the last place.
#define LINEAR_FROM 20.0f

/// softplus(z) − log 2 = max(z, 0) + log(1 − e/2) with e = 1 − e^(−|z|).
///
/// e comes from expm1, so nothing cancels around zero, where the result is z/2 + z²/8.
ALWAYS_INLINE float centeredSoftplus(float z) {
  const float positive = z < 0.0f ? 0.0f : z;
  return positive - logOfHalf(-decay(__builtin_fabsf(z)).expm1);
}

/// softplus(z) = max(z, 0) + log(1 + u) with u = e^(−|z|).
ALWAYS_INLINE float plainSoftplus(float z) {
  const float positive = z < 0.0f ? 0.0f : z;
  return positive + logOfSum(decay(__builtin_fabsf(z)).exp);
}

/// σ(z) and σ'(z).
typedef struct {
  float value;
  float slope;
} Sigmoid;

ALWAYS_INLINE Sigmoid sigmoid(float z) {
  const float u = decay(__builtin_fabsf(z)).exp;
  const float inverse = 1.0f / (1.0f + u);
  const float small = u * inverse;
  return (Sigmoid){.value = z < 0.0f ? small : inverse,
                   .slope = z > LINEAR_FROM ? 0.0f : small * inverse};
}

/// β²·∂s/∂β = z·σ(z) − softplus(z) + c.
///
/// It is even in z. With c = 0 it is −(|z|·u/(1 + u) + log(1 + u)): no cancellation. With c = log 2
/// it is z²/8 around zero, the difference of two terms of size |z|/2, so |z| < 1 uses a
/// polynomial.
ALWAYS_INLINE float betaSlope(float z, bool centered) {
  const float a = __builtin_fabsf(z);
  const Decay u = decay(a);
  // The clamp is the one of `decay`: a·u stays small although u does not vanish.
  const float decaying = (a > 87.0f ? 87.0f : a) * (u.exp * (1.0f / (1.0f + u.exp)));
  if (!centered) return z > LINEAR_FROM ? 0.0f : -(decaying + logOfSum(u.exp));
  const float t = a * a;
  // (log 2 − log(1 + u) − a·u/(1 + u))/t in t = a² on [0, 1], to 5e-8.
  float near = 1.49881644e-05f;
  near = near * t - 0.000180947784f;
  near = near * t + 0.0017348855f;
  near = near * t - 0.0156248482f;
  near = near * t + 0.125f;
  return a < 1.0f ? t * near : logOfHalf(-u.expm1) - decaying;
}

#endif
