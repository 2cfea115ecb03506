#ifndef CKERNELS_VECTOR_H
#define CKERNELS_VECTOR_H

#include <stdbool.h>
#include <stddef.h>

// Outputs may alias inputs.

/// y ← alpha·a + beta·b.
void ck_combine(size_t count, float alpha, const float *a, float beta, const float *b, float *y);

/// y ← alpha·a.
void ck_scale(size_t count, const float *a, float alpha, float *y);

/// y ← y + alpha·x.
void ck_add(size_t count, const float *x, float alpha, float *y);

/// Σ a·b, each product and the sum in double.
double ck_dot(size_t count, const float *a, const float *b);

/// Whether no element is infinite or NaN, by the bits of the exponents.
bool ck_is_finite(size_t count, const float *a);

/// buffer ← momentum·buffer + (gradient + decay·value); value ← value − rate·buffer, with buffer
/// the momentum buffer.
void ck_momentum_update(size_t count, float *value, const float *gradient, float *momentumBuffer,
                        float rate, float momentum, float decay);

#endif
