#ifndef CKERNELS_ACTIVATION_FUNCTIONS_H
#define CKERNELS_ACTIVATION_FUNCTIONS_H

#include "ActivationFunction.h"
#include "SoftplusFunctions.h"

// The table of activation functions φ at one element, for loops that vectorize. `function` is a
// constant after inlining, so a loop holds the code of one function.

/// φ'(z) and φ''(z).
typedef struct {
  float first;
  float second;
} Slopes;

/// From here on e^(−z²/2)·z is 0 up to 1e-35, and a·e^(−a) up to 1e-36.
#define GAUSSIAN_CLAMP 13.0f
#define SIGMOID_CLAMP 87.0f

/// Φ(z) and its derivative, the density of the standard normal distribution.
typedef struct {
  float below;
  float density;
} Normal;

/// To an absolute error of 2e-7.
///
/// Source of the polynomial: Abramowitz and Stegun, Handbook of Mathematical Functions, 7.1.26.
ALWAYS_INLINE Normal normal(float z) {
  const float magnitude = __builtin_fabsf(z);
  const float a = magnitude > GAUSSIAN_CLAMP ? GAUSSIAN_CLAMP : magnitude;
  const float u = decay(0.5f * a * a).exp;
  const float t = 1.0f / (1.0f + 0.231641888f * a);
  float p = 0.5307027145f;
  p = p * t - 0.7265760135f;
  p = p * t + 0.7107068705f;
  p = p * t - 0.142248368f;
  p = p * t + 0.127414796f;
  const float tail = u * (t * p);
  return (Normal){.below = z < 0.0f ? tail : 1.0f - tail, .density = 0.39894228f * u};
}

/// φ(z).
ALWAYS_INLINE float activate(CKActivationFunction function, float z) {
  switch (function) {
  case CKSoftplus:
    return plainSoftplus(z);
  case CKCenteredSoftplus:
    return centeredSoftplus(z);
  case CKReLU:
    return z < 0.0f ? 0.0f : z;
  case CKGELU:
    return z * normal(z).below;
  case CKSiLU:
    return z * sigmoid(z).value;
  }
}

ALWAYS_INLINE Slopes slopes(CKActivationFunction function, float z) {
  switch (function) {
  case CKSoftplus:
  case CKCenteredSoftplus: {
    const Sigmoid s = sigmoid(z);
    return (Slopes){.first = s.value, .second = s.slope};
  }
  case CKReLU:
    return (Slopes){.first = z > 0.0f ? 1.0f : 0.0f, .second = 0.0f};
  case CKGELU: {
    const Normal n = normal(z);
    const float a = __builtin_fabsf(z);
    const float b = a > GAUSSIAN_CLAMP ? GAUSSIAN_CLAMP : a;
    const float signedDensity = z < 0.0f ? -b * n.density : b * n.density;
    return (Slopes){.first = n.below + signedDensity, .second = n.density * (2.0f - b * b)};
  }
  case CKSiLU: {
    const float a = __builtin_fabsf(z);
    const float b = a > SIGMOID_CLAMP ? SIGMOID_CLAMP : a;
    const float u = decay(b).exp;
    const float inverse = 1.0f / (1.0f + u);
    const float small = u * inverse;
    const float slope = small * inverse;
    const float along = z < 0.0f ? -b * slope : b * slope;
    // z·(1 − 2σ(z)) = −|z|·(1 − u)/(1 + u).
    return (Slopes){.first = (z < 0.0f ? small : inverse) + along,
                    .second = slope * (2.0f - b * (1.0f - u) * inverse)};
  }
  }
}

/// β²·∂s/∂β; 0 for functions without β.
ALWAYS_INLINE float slopeOfBeta(CKActivationFunction function, float z) {
  switch (function) {
  case CKSoftplus:
    return betaSlope(z, false);
  case CKCenteredSoftplus:
    return betaSlope(z, true);
  case CKReLU:
  case CKGELU:
  case CKSiLU:
    return 0.0f;
  }
}

/// Runs `call(function)` with the constant that a variable holds.
#define WITH_FUNCTION(variable, call)                                                             \
  switch (variable) {                                                                             \
  case CKSoftplus:                                                                                \
    call(CKSoftplus);                                                                             \
    break;                                                                                        \
  case CKCenteredSoftplus:                                                                        \
    call(CKCenteredSoftplus);                                                                     \
    break;                                                                                        \
  case CKReLU:                                                                                    \
    call(CKReLU);                                                                                 \
    break;                                                                                        \
  case CKGELU:                                                                                    \
    call(CKGELU);                                                                                 \
    break;                                                                                        \
  case CKSiLU:                                                                                    \
    call(CKSiLU);                                                                                 \
    break;                                                                                        \
  }

/// Runs `call(function)` where only derivatives are used; both softpluses share theirs.
#define WITH_DERIVATIVES(variable, call)                                                          \
  switch (variable) {                                                                             \
  case CKSoftplus:                                                                                \
  case CKCenteredSoftplus:                                                                        \
    call(CKSoftplus);                                                                             \
    break;                                                                                        \
  case CKReLU:                                                                                    \
    call(CKReLU);                                                                                 \
    break;                                                                                        \
  case CKGELU:                                                                                    \
    call(CKGELU);                                                                                 \
    break;                                                                                        \
  case CKSiLU:                                                                                    \
    call(CKSiLU);                                                                                 \
    break;                                                                                        \
  }

#endif
