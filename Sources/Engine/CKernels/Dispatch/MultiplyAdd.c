#include "MultiplyAdd.h"
#include "Dispatch.h"

enum { lanes = 16 };
typedef float Vector __attribute__((vector_size(lanes * sizeof(float))));

#define UNROLLED _Pragma("clang loop unroll(full)")

/// Multiplies and adds `chains` independent vectors: at least latency × units of them, 4 × 2 on
/// present CPUs, and no more than there are registers.
ALWAYS_INLINE float multiplyAdd(size_t rounds, float factor, size_t chains) {
  _Pragma("clang fp contract(fast)") Vector x[lanes], total = {0};
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

/// Each set uses 12 registers, of 4, 8 or 16 lanes.
enum { portableChains = 3, avx2Chains = 6, avx512Chains = 12 };

static float multiplyAdd_portable(size_t rounds, float factor) {
  return multiplyAdd(rounds, factor, portableChains);
}

#if defined(__x86_64__)
FOR_AVX2 static float multiplyAdd_avx2(size_t rounds, float factor) {
  return multiplyAdd(rounds, factor, avx2Chains);
}

FOR_AVX512 static float multiplyAdd_avx512(size_t rounds, float factor) {
  return multiplyAdd(rounds, factor, avx512Chains);
}
#endif

float ck_multiply_add(size_t rounds, float factor){DISPATCH(multiplyAdd, (rounds, factor))}

size_t ck_multiply_add_operations(void) {
  const size_t chains = ck_units_in_use >= CKVectorUnitsAVX512 ? avx512Chains
                        : ck_units_in_use == CKVectorUnitsAVX2 ? avx2Chains
                                                               : portableChains;
  return 2 * lanes * chains;
}
