#include "Bfloat16MultiplyAdd.h"
#include "Bfloat16Block.h"
#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

enum { pairChains = 12 };

static float sumOfLanes(const Lanes *x, size_t count) {
  float sum = 0;
  for (size_t i = 0; i < count; i++) {
    for (size_t lane = 0; lane < laneCount; lane++) sum += x[i][lane];
  }
  return sum;
}

bool ck_has_bf16_instruction(void) {
  return ck_units_in_use >= CKVectorUnitsAMX || ck_has_bf16_vector_instruction();
}

#if defined(__x86_64__)
static uint32_t pairOf(float factor) {
  uint32_t bits;
  memcpy(&bits, &factor, sizeof bits);
  return (bits & 0xffff0000) | bits >> 16;
}

/// The intrinsic needs a function that is compiled for its instruction set.
__attribute__((target(V4_FEATURES ",avx512bf16"))) static float multiplyAdd_bf16(size_t rounds,
                                                                                 float factor) {
  const __m512i factors = _mm512_set1_epi32((int)pairOf(factor));
  const __m512i ones = _mm512_set1_epi32(0x3f803f80);
  Lanes x[pairChains];
  UNROLLED for (size_t i = 0; i < pairChains; i++) x[i] = (Lanes){0};
  for (size_t round = 0; round < rounds; round++) {
    UNROLLED for (size_t i = 0; i < pairChains; i++) {
      x[i] = (Lanes)_mm512_dpbf16_ps((__m512)x[i], (__m512bh)factors, (__m512bh)ones);
    }
  }
  return sumOfLanes(x, pairChains);
}
#endif

float ck_bf16_multiply_add(size_t rounds, float factor) {
#if defined(__x86_64__)
  if (ck_units_in_use >= CKVectorUnitsAMX)
    return ck_bf16_multiply_add_by_tiles(rounds, pairOf(factor));
  if (ck_has_bf16_vector_instruction()) return multiplyAdd_bf16(rounds, factor);
#endif
  Lanes x[pairChains] = {{0}};
  for (size_t round = 0; round < rounds; round++) {
    for (size_t i = 0; i < pairChains; i++) x[i] = x[i] + factor + factor;
  }
  return sumOfLanes(x, pairChains);
}

size_t ck_bf16_multiply_add_operations(void) {
  // Four tiles of 16 × 16 sums, each of 16 pairs.
  return ck_units_in_use >= CKVectorUnitsAMX ? 4 * 16 * 16 * 64 : 4 * laneCount * pairChains;
}
