#include "Platform.h"
#if HAS_TILE_EMULATOR
#include "TileProduct.h"

#include <immintrin.h>

/// A bfloat16 is the upper half of a float; the first of a pair lies in the lower half of the word.
__attribute__((target("avx512f"))) static inline __m512 first_of_pairs(__m512i pairs) {
  return _mm512_castsi512_ps(_mm512_slli_epi32(pairs, 16));
}

__attribute__((target("avx512f"))) static inline __m512 second_of_pairs(__m512i pairs) {
  return _mm512_castsi512_ps(_mm512_and_si512(pairs, _mm512_set1_epi32((int)0xffff0000)));
}

/// Not inlined, lest the compiler move arithmetic out of where MXCSR is set for it.
__attribute__((target("avx512f"), noinline)) static void multiply(
    TileData destination, TileData first, TileData second, unsigned rows, unsigned columns,
    unsigned pairs) {
  __m512 second_even[tile_rows], second_odd[tile_rows];
  for (unsigned k = 0; k < pairs; k++) {
    __m512i row = _mm512_load_si512(second[k]);
    second_even[k] = first_of_pairs(row);
    second_odd[k] = second_of_pairs(row);
  }
  // Beyond its columns a tile is zero, which a product with infinity would not be.
  __mmask16 valid = (__mmask16)((1u << columns) - 1);
  for (unsigned m = 0; m < rows; m++) {
    __m512 even = _mm512_setzero_ps(), odd = _mm512_setzero_ps();
    for (unsigned k = 0; k < pairs; k++) {
      int pair;
      __builtin_memcpy(&pair, &first[m][4 * k], sizeof pair);
      __m512i repeated = _mm512_set1_epi32(pair);
      even = _mm512_fmadd_ps(first_of_pairs(repeated), second_even[k], even);
      odd = _mm512_fmadd_ps(second_of_pairs(repeated), second_odd[k], odd);
    }
    __m512 sum = _mm512_add_ps(even, odd);
    __m512 old = _mm512_load_ps(destination[m]);
    _mm512_store_ps(destination[m], _mm512_maskz_add_ps(valid, old, sum));
  }
}

void tile_add_product(TileData destination, TileData first, TileData second, unsigned rows,
                      unsigned columns, unsigned pairs) {
  // Exceptions masked, nearest even, subnormal operands and results taken as zero.
  enum { exceptions_masked = 0x1f80, flush_to_zero = 0x8000, denormals_are_zero = 0x40 };
  unsigned callers = _mm_getcsr();
  _mm_setcsr(exceptions_masked | flush_to_zero | denormals_are_zero);
  multiply(destination, first, second, rows, columns, pairs);
  _mm_setcsr(callers);
}

#endif
