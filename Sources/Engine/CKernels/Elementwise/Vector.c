#include "Vector.h"
#include "../Dispatch/Dispatch.h"
#include <stdint.h>
#include <string.h>

KERNEL(void, ck_combine,
       (size_t count, float alpha, const float *a, float beta, const float *b, float *y),
       (count, alpha, a, beta, b, y)) {
  ELEMENTWISE for (size_t i = 0; i < count; i++) y[i] = alpha * a[i] + beta * b[i];
}

KERNEL(void, ck_scale, (size_t count, const float *a, float alpha, float *y),
       (count, a, alpha, y)) {
  ELEMENTWISE for (size_t i = 0; i < count; i++) y[i] = alpha * a[i];
}

KERNEL(void, ck_add, (size_t count, const float *x, float alpha, float *y), (count, x, alpha, y)) {
  ELEMENTWISE for (size_t i = 0; i < count; i++) y[i] += alpha * x[i];
}

KERNEL(double, ck_dot, (size_t count, const float *a, const float *b), (count, a, b)) {
  LANES_MAY_SUM
  double sum = 0;
  for (size_t i = 0; i < count; i++) sum += (double)a[i] * (double)b[i];
  return sum;
}

KERNEL(bool, ck_is_finite, (size_t count, const float *a), (count, a)) {
  const uint32_t exponent = 0x7f800000;
  uint32_t found = 0;
  for (size_t i = 0; i < count; i++) {
    uint32_t bits;
    memcpy(&bits, a + i, sizeof bits);
    found |= (bits & exponent) == exponent;
  }
  return found == 0;
}

KERNEL(void, ck_momentum_update,
       (size_t count, float *value, const float *gradient, float *momentumBuffer, float rate,
        float momentum, float decay),
       (count, value, gradient, momentumBuffer, rate, momentum, decay)) {
  ELEMENTWISE for (size_t i = 0; i < count; i++) {
    const float v = momentum * momentumBuffer[i] + (gradient[i] + decay * value[i]);
    momentumBuffer[i] = v;
    value[i] -= rate * v;
  }
}
