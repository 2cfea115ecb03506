#include "ExactSums.h"
#include "Dispatch.h"
#include <math.h>

static const double limit = 0x1p34;
static const double high_scale = 0x1p14, high_unit = 0x1p-14;
static const double low_scale = 0x1p63, low_unit = 0x1p-63;

/// Either limb of a value is at most 2^48 in magnitude, so that 2^14 values cannot overflow it.
ALWAYS_INLINE size_t add(double value, int64_t *limbs) {
  const size_t out = !(fabs(value) < limit);
  const double x = out ? 0.0 : value;
  const double high = rint(x * high_scale);
  const double rest = x - high * high_unit;
  limbs[0] += (int64_t)high;
  limbs[1] += (int64_t)rint(rest * low_scale);
  return out;
}

ALWAYS_INLINE double value(const int64_t *limbs) {
  return (double)limbs[0] * high_unit + (double)limbs[1] * low_unit;
}

HOT size_t ck_exact_add_floats(size_t count, const float *values, int64_t *limbs) {
  size_t out = 0;
  for (size_t i = 0; i < count; i++) out += add((double)values[i], limbs + 2 * i);
  return out;
}

HOT size_t ck_exact_add_doubles(size_t count, const double *values, int64_t *limbs) {
  size_t out = 0;
  for (size_t i = 0; i < count; i++) out += add(values[i], limbs + 2 * i);
  return out;
}

HOT void ck_exact_floats(size_t count, const int64_t *limbs, float *values) {
  for (size_t i = 0; i < count; i++) values[i] = (float)value(limbs + 2 * i);
}

HOT void ck_exact_doubles(size_t count, const int64_t *limbs, double *values) {
  for (size_t i = 0; i < count; i++) values[i] = value(limbs + 2 * i);
}
