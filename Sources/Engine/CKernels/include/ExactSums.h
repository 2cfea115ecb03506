#ifndef CKERNELS_EXACT_SUMS_H
#define CKERNELS_EXACT_SUMS_H

#include <stddef.h>
#include <stdint.h>

/// Adds values to fixed-point sums: limbs[2i] in units of 2^-14, limbs[2i + 1] in units of 2^-63.
///
/// The low limb stays below one unit of the high one. Integer sums do not depend on their order.
/// Values that are not finite, or at least 2^34 in magnitude, are left out; returns their number.
size_t ck_exact_add_floats(size_t count, const float *values, int64_t *limbs);
size_t ck_exact_add_doubles(size_t count, const double *values, int64_t *limbs);

/// values ← the sums that the limbs represent.
void ck_exact_floats(size_t count, const int64_t *limbs, float *values);
void ck_exact_doubles(size_t count, const int64_t *limbs, double *values);

#endif
