#include "Vector.h"
#include "Dispatch.h"
#include <stdint.h>
#include <string.h>

HOT void ck_combine(size_t count, float alpha, const float *a, float beta, const float *b,
                    float *y) {
  ELEMENTWISE for (size_t i = 0; i < count; i++) y[i] = alpha * a[i] + beta * b[i];
}

HOT void ck_scale(size_t count, const float *a, float alpha, float *y) {
  ELEMENTWISE for (size_t i = 0; i < count; i++) y[i] = alpha * a[i];
}

HOT void ck_add(size_t count, const float *x, float alpha, float *y) {
  ELEMENTWISE for (size_t i = 0; i < count; i++) y[i] += alpha * x[i];
}

HOT double ck_dot(size_t count, const float *a, const float *b) {
  LANES_MAY_SUM
  double sum = 0;
  for (size_t i = 0; i < count; i++) sum += (double)a[i] * (double)b[i];
  return sum;
}

HOT bool ck_is_finite(size_t count, const float *a) {
  const uint32_t exponent = 0x7f800000;
  uint32_t found = 0;
  for (size_t i = 0; i < count; i++) {
    uint32_t bits;
    memcpy(&bits, a + i, sizeof bits);
    found |= (bits & exponent) == exponent;
  }
  return found == 0;
}

HOT void ck_momentum_update(size_t count, float *value, const float *gradient, float *velocity,
                            float rate, float momentum, float decay) {
  ELEMENTWISE for (size_t i = 0; i < count; i++) {
    const float v = momentum * velocity[i] + (gradient[i] + decay * value[i]);
    velocity[i] = v;
    value[i] -= rate * v;
  }
}
