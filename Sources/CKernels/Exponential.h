#ifndef CKERNELS_EXPONENTIAL_H
#define CKERNELS_EXPONENTIAL_H

#include "Dispatch.h"
#include <string.h>

// Branch-free, so that loops over them vectorize. The coefficients interpolate the exact functions
// in the Chebyshev nodes of the stated interval. Comparisons are written so that NaN stays NaN.

/// e^(−a) and e^(−a) − 1.
typedef struct {
  float exp;
  float expm1;
} Decay;

/// Both for a ≥ 0, each to a relative error of 3e-7; from a = 87 on e^(−a) stays at 1.6e-38.
ALWAYS_INLINE Decay decay(float a) {
  // −a = n·log 2 + r with |r| ≤ log(2)/2; log 2 in two parts, the first exact in products with n.
  const float log2High = 0x1.62e4p-1f, log2Low = 0x1.7f7d1cp-20f;
  // Adding 1.5·2²³ rounds to an integer: below it floats have no fraction bits.
  const float rounding = 0x1.8p23f;
  float z = a > 87.0f ? -87.0f : -a;
  float shifted = z * 0x1.715476p0f + rounding;
  float n = shifted - rounding;
  float r = (z - n * log2High) - n * log2Low;
  // (e^r − 1 − r)/r² on [−log(2)/2, log(2)/2], to 1.4e-7.
  float q = 0.00139261759f;
  q = q * r + 0.00836317334f;
  q = q * r + 0.0416665561f;
  q = q * r + 0.166665778f;
  q = q * r + 0.5f;
  float p = r + r * r * q;
  // n is also in the low bits of `shifted`; the shift drops the rest. A cast would be
  // undefined for NaN.
  unsigned bits;
  memcpy(&bits, &shifted, sizeof bits);
  bits = (bits + 127u) << 23;
  float power;
  memcpy(&power, &bits, sizeof power);
  Decay result = {power + power * p, (power - 1.0f) + power * p};
  return result;
}

/// log((1 + w)/(1 − w)) = 2·artanh(w) for 0 ≤ w ≤ 1/3, to a relative error of 1e-7.
ALWAYS_INLINE float twiceArtanh(float w) {
  float t = w * w;
  // (artanh(w)/w − 1)/w² in t = w² on [0, 1/9], to 3e-8.
  float p = 0.11612165f;
  p = p * t + 0.108532876f;
  p = p * t + 0.142961785f;
  p = p * t + 0.199998528f;
  p = p * t + 0.333333343f;
  float twice = 2.0f * w;
  return twice + twice * (t * p);
}

#endif
