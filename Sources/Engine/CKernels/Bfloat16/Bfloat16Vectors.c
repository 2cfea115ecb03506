#include "Bfloat16Block.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

typedef void (*MultiplyBlock)(const Bfloat16Block *block);

typedef uint32_t WordAt __attribute__((aligned(sizeof(uint16_t)), may_alias));

/// sum += a·b for the pairs of 16 words; the second of a pair is added first, as by the
/// instruction.
#define ADD_BY_FLOATS(sum, a, b)                                                                  \
  sum += (Lanes)((a)&0xffff0000) * (Lanes)((b)&0xffff0000);                                       \
  sum += (Lanes)((a) << 16) * (Lanes)((b) << 16)

#define ADD_BY_INSTRUCTION(sum, a, b)                                                             \
  sum = (Lanes)_mm512_dpbf16_ps((__m512)sum, (__m512bh)(a), (__m512bh)(b))

/// Defines the product of a block of one size for one instruction set.
///
/// A macro, not an inlined function, because an intrinsic needs a function that is compiled for its
/// instruction set.
#define MULTIPLY_BLOCK(units, attributes, ADD, rows, vectors)                                     \
  attributes static void multiply_##units##_##rows##_##vectors(const Bfloat16Block *block) {      \
    Lanes sums[rows][vectors];                                                                    \
    UNROLLED for (size_t r = 0; r < rows; r++) {                                                  \
      UNROLLED for (size_t v = 0; v < vectors; v++) sums[r][v] = (Lanes){0};                      \
    }                                                                                             \
    for (size_t i = firstProduct(block->parts); i < partProductCount; i++) {                      \
      const uint32_t *a = block->a + partProducts[i].a * block->aPart;                            \
      const uint32_t *b = block->b + partProducts[i].b * block->bPart;                            \
      for (size_t k = 0; k < block->inner; k++, a += block->aInner, b += block->bInner) {         \
        Words factor[vectors];                                                                    \
        UNROLLED for (size_t v = 0; v < vectors; v++) {                                           \
          factor[v] = *(const WordsAt *)(b + v * CKWinogradLanes);                                \
        }                                                                                         \
        UNROLLED for (size_t r = 0; r < rows; r++) {                                              \
          const Words pair = *(const WordAt *)(a + r * block->aRow) - (Words){0};                 \
          UNROLLED for (size_t v = 0; v < vectors; v++) { ADD(sums[r][v], pair, factor[v]); }     \
        }                                                                                         \
      }                                                                                           \
    }                                                                                             \
    UNROLLED for (size_t r = 0; r < rows; r++) {                                                  \
      UNROLLED for (size_t v = 0; v < vectors; v++) {                                             \
        float *to = block->c + r * block->cRow + v * CKWinogradLanes;                             \
        const Lanes added = block->scale * sums[r][v];                                            \
        LANES(to) = block->previous == 0 ? added : added + block->previous * CONSTANT_LANES(to);  \
      }                                                                                           \
    }                                                                                             \
  }

/// The products of blocks of 2^i rows by 1 or 2 vectors, up to the largest that registers hold.
typedef struct {
  size_t sizes, vectors;
  MultiplyBlock multiply[4][2];
} BlockKernels;

MULTIPLY_BLOCK(portable, , ADD_BY_FLOATS, 1, 1)
MULTIPLY_BLOCK(portable, , ADD_BY_FLOATS, 2, 1)
static const BlockKernels portableKernels = {
    2, 1, {{multiply_portable_1_1}, {multiply_portable_2_1}}};

#if defined(__x86_64__)
#define FOR_AVX2_BLOCK __attribute__((target("arch=x86-64-v3")))
MULTIPLY_BLOCK(avx2, FOR_AVX2_BLOCK, ADD_BY_FLOATS, 1, 1)
MULTIPLY_BLOCK(avx2, FOR_AVX2_BLOCK, ADD_BY_FLOATS, 2, 1)
static const BlockKernels avx2Kernels = {2, 1, {{multiply_avx2_1_1}, {multiply_avx2_2_1}}};

#define EIGHT_BY_TWO(units, attributes, ADD)                                                      \
  MULTIPLY_BLOCK(units, attributes, ADD, 1, 1)                                                    \
  MULTIPLY_BLOCK(units, attributes, ADD, 2, 1)                                                    \
  MULTIPLY_BLOCK(units, attributes, ADD, 4, 1)                                                    \
  MULTIPLY_BLOCK(units, attributes, ADD, 8, 1)                                                    \
  MULTIPLY_BLOCK(units, attributes, ADD, 1, 2)                                                    \
  MULTIPLY_BLOCK(units, attributes, ADD, 2, 2)                                                    \
  MULTIPLY_BLOCK(units, attributes, ADD, 4, 2)                                                    \
  MULTIPLY_BLOCK(units, attributes, ADD, 8, 2)                                                    \
  static const BlockKernels units##Kernels = {                                                    \
      4,                                                                                          \
      2,                                                                                          \
      {{multiply_##units##_1_1, multiply_##units##_1_2},                                          \
       {multiply_##units##_2_1, multiply_##units##_2_2},                                          \
       {multiply_##units##_4_1, multiply_##units##_4_2},                                          \
       {multiply_##units##_8_1, multiply_##units##_8_2}}};

EIGHT_BY_TWO(avx512, __attribute__((target("arch=x86-64-v4"), min_vector_width(512))),
             ADD_BY_FLOATS)
EIGHT_BY_TWO(bf16, __attribute__((target("arch=x86-64-v4,avx512bf16"), min_vector_width(512))),
             ADD_BY_INSTRUCTION)
#endif

bool ck_has_bf16_vector_instruction(void) {
#if defined(__x86_64__)
  return ck_units_in_use >= CKVectorUnitsAVX512 && __builtin_cpu_supports("avx512bf16");
#else
  return false;
#endif
}

static const BlockKernels *kernelsInUse(void) {
#if defined(__x86_64__)
  if (ck_has_bf16_vector_instruction()) return &bf16Kernels;
  if (ck_units_in_use >= CKVectorUnitsAVX512) return &avx512Kernels;
  if (ck_units_in_use == CKVectorUnitsAVX2) return &avx2Kernels;
#endif
  return &portableKernels;
}

/// Multiplies any number of rows by 16 or 32 columns, the largest blocks first.
static void multiplyRows(const BlockKernels *kernels, Bfloat16Block block, size_t rows,
                         size_t vectors) {
  for (size_t size = kernels->sizes; size > 0; size--) {
    const size_t step = (size_t)1 << (size - 1);
    for (; rows >= step; rows -= step) {
      kernels->multiply[size - 1][vectors - 1](&block);
      block.a += step * block.aRow;
      block.c += step * block.cRow;
    }
  }
}

void ck_bf16_multiply_by_vectors(const Bfloat16Block *whole, size_t rows, size_t columns) {
  const BlockKernels *kernels = kernelsInUse();
  Bfloat16Block block = *whole;
  while (columns > 0) {
    const size_t vectors = kernels->vectors == 2 && columns >= 2 * CKWinogradLanes ? 2 : 1;
    multiplyRows(kernels, block, rows, vectors);
    columns -= vectors * CKWinogradLanes;
    block.b += vectors * CKWinogradLanes;
    block.c += vectors * CKWinogradLanes;
  }
}
