#ifndef CKERNELS_AFFINE_ACTIVATION_H
#define CKERNELS_AFFINE_ACTIVATION_H

#include "ActivationFunction.h"
#include <stddef.h>

// The passes of y = s(z), z a sum of one or two summands (x − mean)·scale. s(z) = φ(βz)/β
// with a function of ActivationFunction.h, activations are [rows, channels]. Each pass is one loop and stores nothing for the
// others: it computes z and its derivatives again from the summands' inputs.

/// One summand and the per-channel coefficients of its passes; X = x − mean.
typedef struct {
  const float *x, *tangent;
  const float *mean, *scale;
  /// ż = X·tangentCentered + ẋ·scale + tangentOffset.
  const float *tangentCentered, *tangentOffset;
  /// x̄ = X·gradientCentered + z̄·scale + gradientOffset.
  const float *gradientCentered, *gradientOffset;
  /// dx̄ = X·secondCentered + ẋ·secondTangent + z̄·secondGradient + dz̄·scale + secondOffset.
  const float *secondCentered, *secondTangent, *secondGradient, *secondOffset;
  /// The outputs x̄ and dx̄; null if a pass does not write them.
  float *gradient, *gradientTangent;
} CKSummand;

typedef struct {
  size_t rows, channels;
  /// φ and β.
  CKActivationFunction function;
  float beta;
  /// One or two.
  size_t count;
  CKSummand summands[2];
} CKAffineActivation;

/// Per-channel sums over rows, to which passes add; `products` and `tangentProducts` are one per
/// summand.
typedef struct {
  double *sum, *products[2], *tangentProducts[2];
  /// A single number, the gradient of β or its tangent; 0 for functions without β.
  double *beta;
} CKActivationSums;

/// y ← s(z).
void ck_activation_forward(const CKAffineActivation *activation, float *y);

/// sum += Σ z̄, products += Σ z̄·X with z̄ = s'(z)·ȳ; beta += Σ ∂s/∂β·ȳ.
void ck_activation_gradient_sums(const CKAffineActivation *activation, const float *gradient,
                                 const CKActivationSums *sums);

/// x̄ of each summand, from z̄ = s'(z)·ȳ. One of them may overwrite ȳ.
void ck_activation_backward(const CKAffineActivation *activation, const float *gradient);

/// ẏ ← s'(z)·ż.
void ck_activation_tangent(const CKAffineActivation *activation, float *tangent);

/// sum += Σ dz̄, products += Σ dz̄·X, tangentProducts += Σ z̄·ż of the summand, with
/// dz̄ = s''(z)·ż·ȳ + s'(z)·dȳ; beta += Σ ∂s'/∂β·ż·ȳ + ∂s/∂β·dȳ.
void ck_activation_second_sums(const CKAffineActivation *activation, const float *gradient,
                               const float *gradientTangent, const CKActivationSums *sums);

/// dx̄ of each summand, and x̄ once more if the summand has an output for it.
void ck_activation_backward_tangent(const CKAffineActivation *activation, const float *gradient,
                                    const float *gradientTangent);

#endif
