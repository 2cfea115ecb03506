#ifndef CKERNELS_ACTIVATION_FUNCTION_H
#define CKERNELS_ACTIVATION_FUNCTION_H

#include <stddef.h>

/// The function φ of an activation s(x) = φ(βx)/β.
typedef enum {
  /// log(1 + eᶻ); z from z = 20 on.
  CKSoftplus,
  /// log(1 + eᶻ) − log 2.
  CKCenteredSoftplus,
  /// max(z, 0), with the derivative 0 at 0.
  CKReLU,
  /// z·Φ(z), Φ the distribution function of the standard normal distribution.
  CKGELU,
  /// z/(1 + e⁻ᶻ).
  CKSiLU,
} CKActivationFunction;

/// y ← s(x). y may be x.
void ck_activate(size_t count, CKActivationFunction function, float beta, const float *x,
                 float *y);

/// out ← s'(x)·g. out may be any input.
void ck_activate_derivative(size_t count, CKActivationFunction function, float beta,
                            const float *x, const float *g, float *out);

/// out ← s''(x)·tangent·g + s'(x)·dg. out may be any input.
void ck_activate_backward_tangent(size_t count, CKActivationFunction function, float beta,
                                  const float *x, const float *tangent, const float *g,
                                  const float *dg, float *out);

/// Σ (∂s/∂β)(x)·g of a softplus; 0 for functions without β.
double ck_activate_beta_gradient(size_t count, CKActivationFunction function, float beta,
                                 const float *x, const float *g);

/// Σ (∂s'/∂β)(x)·tangent·g + (∂s/∂β)(x)·dg of a softplus; 0 for functions without β.
double ck_activate_beta_gradient_tangent(size_t count, CKActivationFunction function, float beta,
                                         const float *x, const float *tangent, const float *g,
                                         const float *dg);

#endif
