#include "BFloat16.h"
#include "WinogradCoefficients.h"
#include "WinogradPanels.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

/// c [rows, lanes] ← scale·a·b + previous·c, held in registers; words of a and b are pairs of the
/// inner dimension.
typedef struct {
  /// Of pairs.
  size_t inner;
  const uint32_t *a;
  size_t aRow, aInner;
  const uint32_t *b;
  size_t bInner;
  float *c;
  size_t cRow;
  float scale, previous;
} PairBlock;

typedef void (*MultiplyPairs)(const PairBlock *block);

typedef uint32_t WordAt __attribute__((aligned(sizeof(uint16_t)), may_alias));

/// sum += a·b for the pairs of 16 words, the second of a pair first, as the instruction does.
#define ADD_BY_FLOATS(sum, a, b)                                                                  \
  sum += (Lanes)((a) & 0xffff0000) * (Lanes)((b) & 0xffff0000);                                   \
  sum += (Lanes)((a) << 16) * (Lanes)((b) << 16)

#define ADD_BY_INSTRUCTION(sum, a, b)                                                             \
  sum = (Lanes)_mm512_dpbf16_ps((__m512)sum, (__m512bh)(a), (__m512bh)(b))

/// Defines the product of a block of one size for one instruction set; an intrinsic must stand in a
/// function of its own set, so that a macro does what elsewhere an inlined function does.
#define MULTIPLY_PAIRS(units, attributes, ADD, rows, vectors)                                     \
  attributes static void multiply_##units##_##rows##_##vectors(const PairBlock *block) {          \
    Lanes sums[rows][vectors];                                                                    \
    UNROLLED for (size_t r = 0; r < rows; r++) {                                                  \
      UNROLLED for (size_t v = 0; v < vectors; v++) sums[r][v] = (Lanes){0};                      \
    }                                                                                             \
    const uint32_t *a = block->a, *b = block->b;                                                  \
    for (size_t k = 0; k < block->inner; k++, a += block->aInner, b += block->bInner) {           \
      Words factor[vectors];                                                                      \
      UNROLLED for (size_t v = 0; v < vectors; v++) {                                             \
        factor[v] = *(const WordsAt *)(b + v * CKWinogradLanes);                                  \
      }                                                                                           \
      UNROLLED for (size_t r = 0; r < rows; r++) {                                                \
        const Words pair = *(const WordAt *)(a + r * block->aRow) - (Words){0};                   \
        UNROLLED for (size_t v = 0; v < vectors; v++) { ADD(sums[r][v], pair, factor[v]); }       \
      }                                                                                           \
    }                                                                                             \
    UNROLLED for (size_t r = 0; r < rows; r++) {                                                  \
      UNROLLED for (size_t v = 0; v < vectors; v++) {                                             \
        float *to = block->c + r * block->cRow + v * CKWinogradLanes;                             \
        const Lanes added = block->scale * sums[r][v];                                            \
        LANES(to) = block->previous == 0 ? added                                                  \
                                         : added + block->previous * CONSTANT_LANES(to);          \
      }                                                                                           \
    }                                                                                             \
  }

/// Products of 2^i rows by so many vectors, in the largest block that the registers hold.
typedef struct {
  size_t sizes, vectors;
  MultiplyPairs multiply[4][2];
} PairKernels;

MULTIPLY_PAIRS(portable, , ADD_BY_FLOATS, 1, 1)
MULTIPLY_PAIRS(portable, , ADD_BY_FLOATS, 2, 1)
static const PairKernels portableKernels = {2, 1, {{multiply_portable_1_1},
                                                   {multiply_portable_2_1}}};

#if defined(__x86_64__)
#define FOR_AVX2_PAIRS __attribute__((target("arch=x86-64-v3")))
MULTIPLY_PAIRS(avx2, FOR_AVX2_PAIRS, ADD_BY_FLOATS, 1, 1)
MULTIPLY_PAIRS(avx2, FOR_AVX2_PAIRS, ADD_BY_FLOATS, 2, 1)
static const PairKernels avx2Kernels = {2, 1, {{multiply_avx2_1_1}, {multiply_avx2_2_1}}};

#define EIGHT_BY_TWO(units, attributes, ADD)                                                      \
  MULTIPLY_PAIRS(units, attributes, ADD, 1, 1)                                                    \
  MULTIPLY_PAIRS(units, attributes, ADD, 2, 1)                                                    \
  MULTIPLY_PAIRS(units, attributes, ADD, 4, 1)                                                    \
  MULTIPLY_PAIRS(units, attributes, ADD, 8, 1)                                                    \
  MULTIPLY_PAIRS(units, attributes, ADD, 1, 2)                                                    \
  MULTIPLY_PAIRS(units, attributes, ADD, 2, 2)                                                    \
  MULTIPLY_PAIRS(units, attributes, ADD, 4, 2)                                                    \
  MULTIPLY_PAIRS(units, attributes, ADD, 8, 2)                                                    \
  static const PairKernels units##Kernels = {4, 2,                                                \
                                             {{multiply_##units##_1_1, multiply_##units##_1_2},   \
                                              {multiply_##units##_2_1, multiply_##units##_2_2},   \
                                              {multiply_##units##_4_1, multiply_##units##_4_2},   \
                                              {multiply_##units##_8_1, multiply_##units##_8_2}}};

EIGHT_BY_TWO(avx512, __attribute__((target("arch=x86-64-v4"), min_vector_width(512))),
             ADD_BY_FLOATS)
EIGHT_BY_TWO(bf16, __attribute__((target("arch=x86-64-v4,avx512bf16"), min_vector_width(512))),
             ADD_BY_INSTRUCTION)
#endif

bool ck_multiplies_bfloat16(void) {
#if defined(__x86_64__)
  return ck_units_in_use == CKVectorUnitsAVX512 && __builtin_cpu_supports("avx512bf16");
#else
  return false;
#endif
}

static const PairKernels *kernelsInUse(void) {
#if defined(__x86_64__)
  if (ck_multiplies_bfloat16()) return &bf16Kernels;
  if (ck_units_in_use == CKVectorUnitsAVX512) return &avx512Kernels;
  if (ck_units_in_use == CKVectorUnitsAVX2) return &avx2Kernels;
#endif
  return &portableKernels;
}

/// Any number of rows of 16 or 32 columns, in the largest blocks first.
static void multiplyRows(const PairKernels *kernels, PairBlock block, size_t rows, size_t vectors) {
  for (size_t size = kernels->sizes; size > 0; size--) {
    const size_t step = (size_t)1 << (size - 1);
    for (; rows >= step; rows -= step) {
      kernels->multiply[size - 1][vectors - 1](&block);
      block.a += step * block.aRow;
      block.c += step * block.cRow;
    }
  }
}

/// All columns of a panel.
static void multiplyPanel(const PairKernels *kernels, PairBlock block, size_t rows,
                          size_t columns) {
  while (columns > 0) {
    const size_t vectors = kernels->vectors == 2 && columns >= panelColumns ? 2 : 1;
    multiplyRows(kernels, block, rows, vectors);
    columns -= vectors * CKWinogradLanes;
    block.b += vectors * CKWinogradLanes;
    block.c += vectors * CKWinogradLanes;
  }
}

void ck_winograd_multiply_bf16(const CKWinogradProducts *p, const uint16_t *input,
                               const uint32_t *panels, float *output) {
  const PairKernels *kernels = kernelsInUse();
  const Panels layout = {.rows = (p->inputs + 1) / 2, .columns = p->outputs};
  for (size_t f = 0; f < CKWinogradFrequencies; f++) {
    const Coefficients of = coefficientsOf(f, p->stride);
    for (size_t column = 0; column < p->outputs; column += panelColumns) {
      const size_t width = panelWidth(layout, column), panel = panelOffset(layout, 0, column);
      for (size_t i = 0; i < of.count; i++) {
        const size_t coefficient = coefficientAt(of, i);
        const PairBlock block = {
            .inner = layout.rows,
            .a = (const uint32_t *)(input + coefficient * p->inputCoefficientStride),
            .aRow = p->inputPitch / 2,
            .aInner = 1,
            .b = panels + f * p->panelFrequencyStride + panel,
            .bInner = width,
            .c = output + coefficient * p->outputCoefficientStride + column,
            .cRow = p->outputPitch,
            .scale = 1,
            .previous = 0};
        multiplyPanel(kernels, block, p->tiles, width);
      }
    }
  }
}

/// pairs [(tiles + 1) / 2, pitch] ← words of two tiles, the one after the last being zero.
KERNEL(void, ck_winograd_pair_tiles, (size_t tiles, size_t pitch, const uint16_t *from,
                                      uint32_t *pairs),
       (tiles, pitch, from, pairs)) {
  for (size_t tile = 0; tile < tiles; tile += 2, from += 2 * pitch, pairs += pitch) {
    for (size_t c = 0; c < pitch; c += CKWinogradLanes) {
      Words word = __builtin_convertvector(*(const HalvesAt *)(from + c), Words);
      if (tile + 1 < tiles) {
        word |= __builtin_convertvector(*(const HalvesAt *)(from + pitch + c), Words) << 16;
      }
      *(WordsAt *)(pairs + c) = word;
    }
  }
}

void ck_winograd_multiply_transposed_bf16(const CKWinogradProducts *p, const uint16_t *input,
                                          const uint16_t *output, float scale, float previous,
                                          uint32_t *pairs, float *panels) {
  const PairKernels *kernels = kernelsInUse();
  const Panels layout = {.rows = p->inputs, .columns = p->outputs};
  const size_t inner = (p->tiles + 1) / 2;
  uint32_t *outputPairs = pairs + inner * p->inputPitch;
  for (size_t f = 0; f < CKWinogradFrequencies; f++) {
    const Coefficients of = coefficientsOf(f, p->stride);
    for (size_t i = 0; i < of.count; i++) {
      const size_t coefficient = coefficientAt(of, i);
      ck_winograd_pair_tiles(p->tiles, p->inputPitch,
                             input + coefficient * p->inputCoefficientStride, pairs);
      ck_winograd_pair_tiles(p->tiles, p->outputPitch,
                             output + coefficient * p->outputCoefficientStride, outputPairs);
      for (size_t column = 0; column < p->outputs; column += panelColumns) {
        const size_t width = panelWidth(layout, column), panel = panelOffset(layout, 0, column);
        const PairBlock block = {.inner = inner,
                                 .a = pairs,
                                 .aRow = 1,
                                 .aInner = p->inputPitch,
                                 .b = outputPairs + column,
                                 .bInner = p->outputPitch,
                                 .c = panels + f * p->panelFrequencyStride + panel,
                                 .cRow = width,
                                 .scale = scale,
                                 .previous = i == 0 ? previous : 1};
        multiplyPanel(kernels, block, p->inputs, width);
      }
    }
  }
}
