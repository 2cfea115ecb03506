#ifndef CKERNELS_SOFTPLUS_H
#define CKERNELS_SOFTPLUS_H

#include <stdbool.h>
#include <stddef.h>

// s(x) = (softplus(βx) − c)/β with c = log 2 if centered, else 0.

/// y ← s(x). y may be x.
void ck_softplus(size_t count, float beta, bool centered, const float *x, float *y);

/// out ← s'(x)·g. out may be any input.
void ck_softplus_derivative(size_t count, float beta, const float *x, const float *g, float *out);

/// out ← s''(x)·tangent·g + s'(x)·dg. out may be any input.
void ck_softplus_backward_tangent(size_t count, float beta, const float *x, const float *tangent,
                                  const float *g, const float *dg, float *out);

/// Σ (∂s/∂β)(x)·g.
double ck_softplus_beta_gradient(size_t count, float beta, bool centered, const float *x,
                                 const float *g);

/// Σ (∂s'/∂β)(x)·tangent·g + (∂s/∂β)(x)·dg.
double ck_softplus_beta_gradient_tangent(size_t count, float beta, bool centered, const float *x,
                                         const float *tangent, const float *g, const float *dg);

#endif
