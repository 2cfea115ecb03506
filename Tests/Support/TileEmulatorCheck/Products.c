#define _GNU_SOURCE
#if defined(__x86_64__)
#include "Products.h"
#include "Check.h"

#include <float.h>
#include <immintrin.h>
#include <math.h>
#include <string.h>

/// A subnormal number counts as zero, with its sign.
static float flushed(float x) { return fabsf(x) < FLT_MIN ? copysignf(0, x) : x; }

static float widened(uint16_t bfloat16) {
  uint32_t bits = (uint32_t)bfloat16 << 16;
  float value;
  memcpy(&value, &bits, sizeof value);
  return flushed(value);
}

void add_product(float destination[16][16], uint16_t first[16][32], uint16_t second[16][32],
                 unsigned rows, unsigned columns, unsigned pairs) {
  for (unsigned m = 0; m < rows; m++) {
    for (unsigned n = 0; n < columns; n++) {
      float even = 0, odd = 0;
      for (unsigned k = 0; k < pairs; k++) {
        even = flushed(fmaf(widened(first[m][2 * k]), widened(second[k][2 * n]), even));
        odd = flushed(fmaf(widened(first[m][2 * k + 1]), widened(second[k][2 * n + 1]), odd));
      }
      destination[m][n] = flushed(flushed(destination[m][n]) + flushed(even + odd));
    }
  }
}

uint16_t random_bfloat16(uint32_t *state) {
  float value = (float)(int32_t)next_random(state) / (float)(1 << 30);
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  return (uint16_t)(bits >> 16);
}

bool same_floats(const float *a, const float *b, unsigned count) {
  for (unsigned i = 0; i < count; i++) {
    if (isnan(a[i]) && isnan(b[i])) continue;
    if (memcmp(&a[i], &b[i], sizeof a[i]) != 0) return false;
  }
  return true;
}

struct Operands {
  uint16_t first[16][32], second[16][32];
  float destination[16][16];
};

/// Configures tiles D, A, B for a product; all others are empty.
static void configure_product(int d, int a, int b, unsigned rows, unsigned columns,
                              unsigned pairs) {
  struct TileShape shapes[8] = {0};
  shapes[d] = (struct TileShape){rows, 4 * columns};
  shapes[a] = (struct TileShape){rows, 4 * pairs};
  shapes[b] = (struct TileShape){pairs, 4 * columns};
  configure(shapes);
}

/// Tiles are stored at full width, so that a row must end where its tile does.
#define PRODUCT(D, A, B, OPERANDS)                                                                 \
  do {                                                                                             \
    _tile_loadd(D, (OPERANDS)->destination, 64);                                                   \
    _tile_loadd(A, (OPERANDS)->first, 64);                                                         \
    _tile_loadd(B, (OPERANDS)->second, 64);                                                        \
    _tile_dpbf16ps(D, A, B);                                                                       \
    _tile_stored(D, (OPERANDS)->destination, 64);                                                  \
  } while (0)

__attribute__((target("amx-tile,amx-bf16"), noinline)) static void multiply_0_1_2(
    struct Operands *operands) {
  PRODUCT(0, 1, 2, operands);
}

static void fill(struct Operands *operands, uint32_t *random) {
  for (int i = 0; i < 16; i++) {
    for (int j = 0; j < 32; j++) {
      operands->first[i][j] = random_bfloat16(random);
      operands->second[i][j] = random_bfloat16(random);
    }
    for (int j = 0; j < 16; j++) operands->destination[i][j] = (float)next_random(random) / 1e9f;
  }
}

static void check_product_shapes(void) {
  uint32_t random = 7;
  for (unsigned rows = 1; rows <= 16; rows += rows < 3 ? 1 : 3) {
    for (unsigned columns = 1; columns <= 16; columns++) {
      for (unsigned pairs = 1; pairs <= 16; pairs++) {
        struct Operands operands, expected;
        fill(&operands, &random);
        expected = operands;
        add_product(expected.destination, operands.first, operands.second, rows, columns, pairs);
        configure_product(0, 1, 2, rows, columns, pairs);
        multiply_0_1_2(&operands);
        check(same_floats(&operands.destination[0][0], &expected.destination[0][0], 256),
              "a product of %u rows, %u columns, %u pairs", rows, columns, pairs);
      }
    }
  }
}

__attribute__((target("amx-tile,amx-bf16"), noinline)) static void check_tile_numbers(void) {
  uint32_t random = 8;
#define CHECK_NUMBERS(D, A, B)                                                                     \
  do {                                                                                             \
    struct Operands operands, expected;                                                            \
    fill(&operands, &random);                                                                      \
    expected = operands;                                                                           \
    add_product(expected.destination, operands.first, operands.second, 7, 9, 5);                   \
    configure_product(D, A, B, 7, 9, 5);                                                           \
    PRODUCT(D, A, B, &operands);                                                                   \
    check(same_floats(&operands.destination[0][0], &expected.destination[0][0], 256),              \
          "tdpbf16ps of tiles %d, %d, %d", D, A, B);                                               \
  } while (0)
  CHECK_NUMBERS(7, 0, 1);
  CHECK_NUMBERS(6, 1, 0);
  CHECK_NUMBERS(5, 2, 7);
  CHECK_NUMBERS(4, 3, 6);
  CHECK_NUMBERS(3, 4, 5);
  CHECK_NUMBERS(2, 5, 4);
  CHECK_NUMBERS(1, 6, 3);
  CHECK_NUMBERS(0, 7, 2);
#undef CHECK_NUMBERS
}

/// Signed zeros, subnormal, huge and infinite numbers and NaN, in rows that are partly outside of
/// the tiles.
static void check_special_values(void) {
  static const uint16_t specials[] = {
      0x0000, 0x8000, 0x0001, 0x807f, 0x0080, 0x8080, 0x00ff, 0x1f80, 0x2000, 0xa001,
      0x3f80, 0xbf80, 0x5f80, 0xdf80, 0x4b00, 0x7f7f, 0xff7f, 0x7f80, 0xff80, 0x7fc0};
  static const float destinations[] = {0, -0.0f, FLT_MIN / 4, -FLT_MIN, FLT_MAX, 1, INFINITY};
  uint32_t random = 9;
  for (int trial = 0; trial < 500; trial++) {
    struct Operands operands, expected;
    // Without the last five, which make infinities and NaN, in half of the trials.
    uint32_t kinds = trial % 2 ? 20 : 15;
    for (int i = 0; i < 16; i++) {
      for (int j = 0; j < 32; j++) {
        operands.first[i][j] = specials[next_random(&random) % kinds];
        operands.second[i][j] = specials[next_random(&random) % kinds];
      }
      for (int j = 0; j < 16; j++) {
        operands.destination[i][j] = destinations[next_random(&random) % 7];
      }
    }
    expected = operands;
    unsigned pairs = 1 + trial % 4;
    add_product(expected.destination, operands.first, operands.second, 16, 11, pairs);
    configure_product(0, 1, 2, 16, 11, pairs);
    multiply_0_1_2(&operands);
    check(same_floats(&operands.destination[0][0], &expected.destination[0][0], 256),
          "special values, trial %d", trial);
  }
}

/// TDPBF16PS rounds to nearest whatever MXCSR says.
static void check_rounding_control(void) {
  uint32_t random = 10;
  struct Operands operands, expected;
  fill(&operands, &random);
  expected = operands;
  add_product(expected.destination, operands.first, operands.second, 16, 16, 16);
  configure_product(0, 1, 2, 16, 16, 16);
  unsigned usual = _mm_getcsr();
  _mm_setcsr(usual | _MM_ROUND_UP);
  multiply_0_1_2(&operands);
  unsigned after = _mm_getcsr();
  _mm_setcsr(usual);
  check((after & _MM_ROUND_MASK) == _MM_ROUND_UP, "MXCSR is kept");
  check(same_floats(&operands.destination[0][0], &expected.destination[0][0], 256),
        "a product while the thread rounds up");
}

void check_products(void) {
  check_product_shapes();
  check_tile_numbers();
  check_special_values();
  check_rounding_control();
}

#endif
