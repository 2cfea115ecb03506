#ifndef CKERNELS_EXPONENTIAL_H
#define CKERNELS_EXPONENTIAL_H

#include "../Dispatch/Dispatch.h"
#include <string.h>

// Functions without branches, so that loops over them vectorize. Their coefficients interpolate the
// exact functions at the Chebyshev nodes of the stated interval. Comparisons keep NaN as NaN.

/// e^(−a) and e^(−a) − 1.
typedef struct {
  float exp;
  float expm1;
} Decay;

/// e^(−a) and e^(−a) − 1 for a ≥ 0, to a relative error of 3e-7 plus the rounding of a.
///
/// From a = 87 on, e^(−a) stays at 1.6e-38.
ALWAYS_INLINE Decay decay(float a) {
  const float log2e = 0x1.715476p0f;
  // Adding 1.5·2²³ rounds to an integer, since floats of that size have no fraction bits. With 127
  // more, its low bits are the exponent of 2ⁿ.
  const float rounding = 0x1.8p23f + 127.0f;
  const float clamped = a > 87.0f ? 87.0f : a;
  // −a/log 2 = n + f with |f| ≤ 1/2.
  const float shifted = rounding - clamped * log2e;
  const float n = shifted - rounding;
  const float f = -(clamped * log2e) - n;
  // (2^f − 1)/f on [−1/2, 1/2], to 2e-8.
  float q = 0.000154531634f;
  q = q * f + 0.00133908633f;
  q = q * f + 0.00961808302f;
  q = q * f + 0.0555035695f;
  q = q * f + 0.240226507f;
  q = q * f + 0.693147182f;
  // The shift drops the bits above the exponent. A cast would be undefined for NaN.
  unsigned bits;
  memcpy(&bits, &shifted, sizeof bits);
  bits <<= 23;
  float power;
  memcpy(&power, &bits, sizeof power);
  const float slope = power * f;
  return (Decay){.exp = power + slope * q, .expm1 = (power - 1.0f) + slope * q};
}

/// −log(1 − e/2) for 0 ≤ e ≤ 1, to a relative error of 2e-7.
ALWAYS_INLINE float logOfHalf(float e) {
  // The quotient by e, to 4e-8.
  float p = 0.00274991547f;
  p = p * e - 0.0063680145f;
  p = p * e + 0.00941417087f;
  p = p * e - 0.00283705699f;
  p = p * e + 0.00826711208f;
  p = p * e + 0.01521484f;
  p = p * e + 0.0417077504f;
  p = p * e + 0.124998435f;
  p = p * e + 0.5f;
  return e * p;
}

/// log(1 + u) for 0 ≤ u ≤ 1, to a relative error of 2e-7.
ALWAYS_INLINE float logOfSum(float u) {
  // The quotient by u, to 9e-8.
  float p = 0.00512610236f;
  p = p * u - 0.0290740654f;
  p = p * u + 0.0775160864f;
  p = p * u - 0.136022478f;
  p = p * u + 0.190768808f;
  p = p * u - 0.248353988f;
  p = p * u + 0.333181202f;
  p = p * u - 0.499994457f;
  p = p * u + 0.99999994f;
  return u * p;
}

#endif
