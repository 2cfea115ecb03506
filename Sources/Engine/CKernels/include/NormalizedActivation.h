#ifndef CKERNELS_NORMALIZED_ACTIVATION_H
#define CKERNELS_NORMALIZED_ACTIVATION_H

#include <stdbool.h>
#include <stddef.h>

// y = s(z) with z a sum of one or two summands (x − mean)·scale over NHWC activations seen as
// [rows, channels], and its passes, each of them one loop. s is the softplus of Softplus.h. Nothing
// is stored between passes: z and its derivatives are made again from the summands' inputs.

/// One summand with the per-channel numbers of its passes; X = x − mean.
typedef struct {
  const float *x, *tangent;
  const float *mean, *scale;
  /// ż = X·tangentCentered + ẋ·scale + tangentOffset.
  const float *tangentCentered, *tangentOffset;
  /// x̄ = X·gradientCentered + z̄·scale + gradientOffset.
  const float *gradientCentered, *gradientOffset;
  /// dx̄ = X·secondCentered + ẋ·secondTangent + z̄·secondGradient + dz̄·scale + secondOffset.
  const float *secondCentered, *secondTangent, *secondGradient, *secondOffset;
  /// Where x̄ and dx̄ go; null where they are not asked for.
  float *gradient, *gradientTangent;
} CKSummand;

typedef struct {
  size_t rows, channels;
  float beta;
  /// Whether s subtracts log(2)/β.
  bool centered;
  /// One or two.
  size_t count;
  CKSummand summands[2];
} CKNormalizedActivation;

/// Sums over rows, per channel, that are added to; the second and third are of summand 0 and 1.
typedef struct {
  double *sum, *products[2], *tangentProducts[2];
  /// Not per channel: the gradient of β, or its tangent.
  double *beta;
} CKActivationSums;

/// y ← s(z).
void ck_activation_forward(const CKNormalizedActivation *activation, float *y);

/// sum += Σ z̄, products += Σ z̄·X with z̄ = s'(z)·ȳ; beta += Σ ∂s/∂β·ȳ.
void ck_activation_gradient_sums(const CKNormalizedActivation *activation, const float *gradient,
                                 const CKActivationSums *sums);

/// Each summand's x̄ from z̄ = s'(z)·ȳ. One of them may go where ȳ is.
void ck_activation_backward(const CKNormalizedActivation *activation, const float *gradient);

/// ẏ ← s'(z)·ż.
void ck_activation_tangent(const CKNormalizedActivation *activation, float *tangent);

/// sum += Σ dz̄, products += Σ dz̄·X, tangentProducts += Σ z̄·ż of the summand, with
/// dz̄ = s''(z)·ż·ȳ + s'(z)·dȳ; beta += Σ ∂s'/∂β·ż·ȳ + ∂s/∂β·dȳ.
void ck_activation_second_sums(const CKNormalizedActivation *activation, const float *gradient,
                               const float *gradientTangent, const CKActivationSums *sums);

/// Each summand's dx̄, and x̄ once more where it is asked for.
void ck_activation_backward_tangent(const CKNormalizedActivation *activation,
                                    const float *gradient, const float *gradientTangent);

#endif
