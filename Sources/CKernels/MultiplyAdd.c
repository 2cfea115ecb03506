#include "MultiplyAdd.h"
#include "Dispatch.h"

enum { lanes = 16 };
typedef float Vector __attribute__((vector_size(lanes * sizeof(float))));

#define UNROLLED _Pragma("clang loop unroll(full)")

/// `chains` independent vectors: at least latency × units of them (4 × 2 on the CPUs of the day), and no
/// more than there are registers.
ALWAYS_INLINE float multiplyAdd(size_t rounds, float factor, size_t chains) {
  _Pragma("clang fp contract(fast)")
  Vector x[lanes], total = {0};
  const Vector f = factor - (Vector){0}, rest = 1 - f;
  UNROLLED for (size_t i = 0; i < chains; i++) x[i] = (float)i - (Vector){0};
  for (size_t round = 0; round < rounds; round++) {
    UNROLLED for (size_t i = 0; i < chains; i++) x[i] = x[i] * f + rest;
  }
  UNROLLED for (size_t i = 0; i < chains; i++) total += x[i];
  float sum = 0;
  for (size_t lane = 0; lane < lanes; lane++) sum += total[lane];
  return sum;
}

/// Registers hold 4, 8 or 16 lanes: 12 of them are in use in each set.
enum { portableChains = 3, v3Chains = 6, v4Chains = 12 };

static float multiplyAdd_portable(size_t rounds, float factor) {
  return multiplyAdd(rounds, factor, portableChains);
}

#if defined(__x86_64__)
__attribute__((target("arch=x86-64-v3"))) static float multiplyAdd_v3(size_t rounds, float factor) {
  return multiplyAdd(rounds, factor, v3Chains);
}

__attribute__((target("arch=x86-64-v4"), min_vector_width(512))) static float multiplyAdd_v4(
    size_t rounds, float factor) {
  return multiplyAdd(rounds, factor, v4Chains);
}
#endif

float ck_multiply_add(size_t rounds, float factor) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("x86-64-v4")) return multiplyAdd_v4(rounds, factor);
  if (__builtin_cpu_supports("x86-64-v3")) return multiplyAdd_v3(rounds, factor);
#endif
  return multiplyAdd_portable(rounds, factor);
}

size_t ck_multiply_add_operations(void) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("x86-64-v4")) return 2 * lanes * v4Chains;
  if (__builtin_cpu_supports("x86-64-v3")) return 2 * lanes * v3Chains;
#endif
  return 2 * lanes * portableChains;
}
