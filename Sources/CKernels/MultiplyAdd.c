#include "MultiplyAdd.h"
#include "Dispatch.h"
#include "Winograd.h"
#include <stdint.h>
#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

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

float ck_multiply_add(size_t rounds, float factor) { DISPATCH(multiplyAdd, (rounds, factor)) }

size_t ck_multiply_add_operations(void) {
  const size_t chains = ck_units_in_use == CKVectorUnitsAVX512 ? avx512Chains
                        : ck_units_in_use == CKVectorUnitsAVX2 ? avx2Chains
                                                               : portableChains;
  return 2 * lanes * chains;
}

enum { pairChains = avx512Chains };

static float sumOfLanes(const Vector *x, size_t count) {
  float sum = 0;
  for (size_t i = 0; i < count; i++) {
    for (size_t lane = 0; lane < lanes; lane++) sum += x[i][lane];
  }
  return sum;
}

#if defined(__x86_64__)
/// An intrinsic must stand in a function of its own instruction set.
__attribute__((target(V4_FEATURES ",avx512bf16"))) static float
multiplyAddPairs_avx512(size_t rounds, float factor) {
  uint32_t bits;
  memcpy(&bits, &factor, sizeof bits);
  const __m512i factors = _mm512_set1_epi32((int)((bits & 0xffff0000) | bits >> 16));
  const __m512i ones = _mm512_set1_epi32(0x3f803f80);
  Vector x[pairChains];
  UNROLLED for (size_t i = 0; i < pairChains; i++) x[i] = (Vector){0};
  for (size_t round = 0; round < rounds; round++) {
    UNROLLED for (size_t i = 0; i < pairChains; i++) {
      x[i] = (Vector)_mm512_dpbf16_ps((__m512)x[i], (__m512bh)factors, (__m512bh)ones);
    }
  }
  return sumOfLanes(x, pairChains);
}
#endif

float ck_multiply_add_pairs(size_t rounds, float factor) {
#if defined(__x86_64__)
  if (ck_multiplies_bfloat16()) return multiplyAddPairs_avx512(rounds, factor);
#endif
  Vector x[pairChains] = {{0}};
  for (size_t round = 0; round < rounds; round++) {
    for (size_t i = 0; i < pairChains; i++) x[i] = x[i] + factor + factor;
  }
  return sumOfLanes(x, pairChains);
}

size_t ck_multiply_add_pairs_operations(void) { return 4 * lanes * pairChains; }
