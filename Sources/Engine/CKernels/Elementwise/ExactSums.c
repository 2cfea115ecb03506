#include "ExactSums.h"
#include "../Dispatch/Dispatch.h"
#include <math.h>

static const double limit = 0x1p34;
static const double high_scale = 0x1p14, high_unit = 0x1p-14;
static const double low_scale = 0x1p63, low_unit = 0x1p-63;

/// Carries whole units of the high limb out of the low one, which is then in 0 ... 2^49 - 1.
///
/// So it never overflows, and equal sums have equal limbs.
ALWAYS_INLINE void carry(int64_t *limbs) {
  const int64_t units = limbs[1] >> 49;
  limbs[0] += units;
  limbs[1] -= units * ((int64_t)1 << 49);
}

ALWAYS_INLINE size_t add(double value, int64_t *limbs) {
  const size_t out = !(fabs(value) < limit);
  const double x = out ? 0.0 : value;
  const double high = rint(x * high_scale);
  const double rest = x - high * high_unit;
  limbs[0] += (int64_t)high;
  limbs[1] += (int64_t)rint(rest * low_scale);
  carry(limbs);
  return out;
}

/// Ranks add limbs without carries, so there may be at most 2^14 ranks.
ALWAYS_INLINE double value(const int64_t *sums) {
  int64_t limbs[2] = {sums[0], sums[1]};
  carry(limbs);
  return (double)limbs[0] * high_unit + (double)limbs[1] * low_unit;
}

KERNEL(size_t, ck_exact_add_floats, (size_t count, const float *values, int64_t *limbs),
       (count, values, limbs)) {
  size_t out = 0;
  for (size_t i = 0; i < count; i++) out += add((double)values[i], limbs + 2 * i);
  return out;
}

KERNEL(size_t, ck_exact_add_doubles, (size_t count, const double *values, int64_t *limbs),
       (count, values, limbs)) {
  size_t out = 0;
  for (size_t i = 0; i < count; i++) out += add(values[i], limbs + 2 * i);
  return out;
}

KERNEL(void, ck_exact_floats, (size_t count, const int64_t *limbs, float *values),
       (count, limbs, values)) {
  for (size_t i = 0; i < count; i++) values[i] = (float)value(limbs + 2 * i);
}

KERNEL(void, ck_exact_doubles, (size_t count, const int64_t *limbs, double *values),
       (count, limbs, values)) {
  for (size_t i = 0; i < count; i++) values[i] = value(limbs + 2 * i);
}
