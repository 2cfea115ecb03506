#include "Bfloat16Block.h"
#include "TileConfiguration.h"

#ifdef HAS_TILES

// A test compiles this file with plain C in the place of the instructions, and defines FOR_TILES.
#ifndef FOR_TILES
#include <immintrin.h>
#define FOR_TILES __attribute__((target(V4_FEATURES ",amx-tile,amx-bf16")))
#endif

// Four tiles hold sums, [16, 16] floats each; two hold a, [16 rows, 16 pairs], and two hold b,
// [16 pairs, 16 columns]. Intrinsics take the number of a tile as a literal.
#define UPPER_LEFT 0
#define UPPER_RIGHT 1
#define LOWER_LEFT 2
#define LOWER_RIGHT 3
#define UPPER 4
#define LOWER 5
#define LEFT 6
#define RIGHT 7

enum { tileRows = 16, tileColumns = 16, tileBytes = 64 };

static void describe(TileConfiguration *configuration, size_t tile, size_t rows, size_t bytes) {
  configuration->rows[tile] = (uint8_t)rows;
  // A tile without rows must have no bytes either.
  configuration->rowBytes[tile] = rows == 0 ? 0 : (uint16_t)bytes;
}

FOR_TILES static void configure(TileShape *current, TileShape wanted) {
  if (current->upper == wanted.upper && current->lower == wanted.lower &&
      current->pairs == wanted.pairs) {
    return;
  }
  TileConfiguration configuration = {.palette = 1};
  describe(&configuration, UPPER_LEFT, wanted.upper, tileBytes);
  describe(&configuration, UPPER_RIGHT, wanted.upper, tileBytes);
  describe(&configuration, LOWER_LEFT, wanted.lower, tileBytes);
  describe(&configuration, LOWER_RIGHT, wanted.lower, tileBytes);
  describe(&configuration, UPPER, wanted.upper, wanted.pairs * sizeof(uint32_t));
  describe(&configuration, LOWER, wanted.lower, wanted.pairs * sizeof(uint32_t));
  describe(&configuration, LEFT, wanted.pairs, tileBytes);
  describe(&configuration, RIGHT, wanted.pairs, tileBytes);
  _tile_loadconfig(&configuration);
  *current = wanted;
}

/// The factors of a block of 16 or 8 pairs of the inner dimension.
///
/// `lower` and `right` tell which tiles of sums are in use; they are constants after inlining.
typedef struct {
  const uint32_t *a, *b;
  size_t aBytes, bBytes, aLower;
  bool lower, right;
} Factors;

ALWAYS_INLINE FOR_TILES void loadRows(const Factors *f, size_t offset) {
  _tile_loadd(UPPER, f->a + offset, f->aBytes);
  if (f->lower) _tile_loadd(LOWER, f->a + f->aLower + offset, f->aBytes);
}

ALWAYS_INLINE FOR_TILES void loadColumns(const Factors *f, size_t offset) {
  _tile_loadd(LEFT, f->b + offset, f->bBytes);
  if (f->right) _tile_loadd(RIGHT, f->b + tileColumns + offset, f->bBytes);
}

ALWAYS_INLINE FOR_TILES void addProducts(const Factors *f) {
  _tile_dpbf16ps(UPPER_LEFT, UPPER, LEFT);
  if (f->right) _tile_dpbf16ps(UPPER_RIGHT, UPPER, RIGHT);
  if (f->lower) _tile_dpbf16ps(LOWER_LEFT, LOWER, LEFT);
  if (f->lower && f->right) _tile_dpbf16ps(LOWER_RIGHT, LOWER, RIGHT);
}

/// c ← scale·sums + previous·c for one tile of sums.
ALWAYS_INLINE FOR_TILES void addSums(const Bfloat16Block *block, size_t rows, const float *sums,
                                     float *c) {
  for (size_t row = 0; row < rows; row++, c += block->cRow, sums += tileColumns) {
    const Lanes added = block->scale * CONSTANT_LANES(sums);
    LANES(c) = block->previous == 0 ? added : added + block->previous * CONSTANT_LANES(c);
  }
}

/// Stores a tile of sums in c, or adds it to c with `sums` as scratch.
#define STORE_SUMS(tile, block, rows, sums, to)                                                   \
  do {                                                                                            \
    if (block->scale == 1 && block->previous == 0) {                                              \
      _tile_stored(tile, to, block->cRow * sizeof(float));                                        \
    } else {                                                                                      \
      _tile_stored(tile, sums, tileBytes);                                                        \
      addSums(block, rows, sums, to);                                                             \
    }                                                                                             \
  } while (0)

/// Multiplies at most 32 rows by 32 columns.
///
/// With three parts, every product but the first two loads only one new pair of tiles: 16 loads for
/// 24 products. An odd number of half blocks of pairs is processed in half blocks.
ALWAYS_INLINE FOR_TILES void multiplyTiles(const Bfloat16Block *block, TileShape shape, bool lower,
                                           bool right) {
  Factors f = {.a = block->a,
               .b = block->b,
               .aBytes = block->aRow * sizeof(uint32_t),
               .bBytes = block->bInner * sizeof(uint32_t),
               .aLower = tileRows * block->aRow,
               .lower = lower,
               .right = right};
  _tile_zero(UPPER_LEFT);
  if (right) _tile_zero(UPPER_RIGHT);
  if (lower) _tile_zero(LOWER_LEFT);
  if (lower && right) _tile_zero(LOWER_RIGHT);
  for (size_t k = 0; k < block->inner; k += shape.pairs) {
    const size_t first = firstProduct(block->parts);
    for (size_t i = first; i < partProductCount; i++) {
      const bool sameRows = i > first && partProducts[i].a == partProducts[i - 1].a;
      const bool sameColumns = i > first && partProducts[i].b == partProducts[i - 1].b;
      if (!sameRows) loadRows(&f, partProducts[i].a * block->aPart);
      if (!sameColumns) loadColumns(&f, partProducts[i].b * block->bPart);
      addProducts(&f);
    }
    f.a += shape.pairs;
    f.b += shape.pairs * block->bInner;
  }
  float sums[tileRows * tileColumns] __attribute__((aligned(tileBytes)));
  float *const c = block->c, *const below = c + tileRows * block->cRow;
  STORE_SUMS(UPPER_LEFT, block, shape.upper, sums, c);
  if (right) STORE_SUMS(UPPER_RIGHT, block, shape.upper, sums, c + tileColumns);
  if (lower) STORE_SUMS(LOWER_LEFT, block, shape.lower, sums, below);
  if (lower && right) STORE_SUMS(LOWER_RIGHT, block, shape.lower, sums, below + tileColumns);
}

FOR_TILES void ck_bf16_multiply_by_tiles(TileShape *configured, const Bfloat16Block *whole,
                                         size_t rows, size_t columns) {
  const size_t pairs = whole->inner % tileColumns == 0 ? tileColumns : tileColumns / 2;
  for (size_t row = 0; row < rows; row += 2 * tileRows) {
    const size_t left = rows - row;
    const size_t upper = left < tileRows ? left : tileRows;
    const size_t lower = left - upper < tileRows ? left - upper : tileRows;
    const TileShape shape = {.upper = upper, .lower = lower, .pairs = pairs};
    configure(configured, shape);
    for (size_t column = 0; column < columns; column += 2 * tileColumns) {
      Bfloat16Block block = *whole;
      block.a += row * block.aRow;
      block.b += column;
      block.c += row * block.cRow + column;
      const bool right = columns - column > tileColumns;
      if (lower > 0 && right) {
        multiplyTiles(&block, shape, true, true);
      } else if (lower > 0) {
        multiplyTiles(&block, shape, true, false);
      } else if (right) {
        multiplyTiles(&block, shape, false, true);
      } else {
        multiplyTiles(&block, shape, false, false);
      }
    }
  }
}

FOR_TILES float ck_bf16_multiply_add_by_tiles(size_t rounds, uint32_t pair) {
  TileShape configured = {0};
  configure(&configured, (TileShape){.upper = tileRows, .lower = tileRows, .pairs = tileColumns});
  uint32_t factors[tileRows * tileColumns], ones[tileRows * tileColumns];
  for (size_t i = 0; i < tileRows * tileColumns; i++) factors[i] = pair, ones[i] = 0x3f803f80;
  const Factors f = {.a = factors,
                     .b = ones,
                     .aBytes = tileBytes,
                     .bBytes = tileBytes,
                     .aLower = 0,
                     .lower = true,
                     .right = false};
  loadRows(&f, 0);
  loadColumns(&f, 0);
  _tile_zero(UPPER_LEFT);
  _tile_zero(UPPER_RIGHT);
  _tile_zero(LOWER_LEFT);
  _tile_zero(LOWER_RIGHT);
  for (size_t round = 0; round < rounds; round++) {
    _tile_dpbf16ps(UPPER_LEFT, UPPER, LEFT);
    _tile_dpbf16ps(UPPER_RIGHT, UPPER, LEFT);
    _tile_dpbf16ps(LOWER_LEFT, LOWER, LEFT);
    _tile_dpbf16ps(LOWER_RIGHT, LOWER, LEFT);
  }
  enum { tile = tileRows * tileColumns };
  float sums[4 * tile], sum = 0;
  _tile_stored(UPPER_LEFT, sums, tileBytes);
  _tile_stored(UPPER_RIGHT, sums + tile, tileBytes);
  _tile_stored(LOWER_LEFT, sums + 2 * tile, tileBytes);
  _tile_stored(LOWER_RIGHT, sums + 3 * tile, tileBytes);
  _tile_release();
  for (size_t i = 0; i < 4 * tile; i++) sum += sums[i];
  return sum;
}

FOR_TILES void ck_release_tiles(void) { _tile_release(); }

#endif
