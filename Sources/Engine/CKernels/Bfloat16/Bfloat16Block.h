#ifndef CKERNELS_BFLOAT16_BLOCK_H
#define CKERNELS_BFLOAT16_BLOCK_H

#include "Bfloat16.h"

/// c [rows, columns] ← scale·a·b + previous·c, with a and b split into parts of bfloat16.
///
/// A word of a or b is a pair of bfloat16 that are neighbours along the inner dimension.
typedef struct {
  /// The inner dimension, in pairs.
  size_t inner;
  size_t parts;
  const uint32_t *a;
  size_t aRow, aInner, aPart;
  const uint32_t *b;
  size_t bInner, bPart;
  float *c;
  size_t cRow;
  /// With previous 0, c is not read.
  float scale, previous;
} Bfloat16Block;

/// The parts of a and of b that are multiplied: with three parts, all products that reach the last
/// bit of a float.
///
/// Small products come mostly first, so that they are rounded relative to a small sum; with tiles
/// this holds for the first block of pairs only. Consecutive products share one of their two parts,
/// except for the first two.
static const struct {
  uint8_t a, b;
} partProducts[] = {{0, 2}, {2, 0}, {1, 0}, {1, 1}, {0, 1}, {0, 0}};

/// The index of the first product: with one part, only the last product is needed.
ALWAYS_INLINE size_t firstProduct(size_t parts) { return parts == 1 ? 5 : 0; }
enum { partProductCount = 6 };

/// Multiplies a block with vector instructions; `columns` is a multiple of 16.
__attribute__((visibility("hidden"))) void
ck_bf16_multiply_by_vectors(const Bfloat16Block *block, size_t rows, size_t columns);

/// Whether the vector units in use multiply pairs of bfloat16 by one instruction.
__attribute__((visibility("hidden"))) bool ck_has_bf16_vector_instruction(void);

#if defined(__x86_64__)
#define HAS_TILES
#endif

/// The configuration of this thread's tiles.
typedef struct {
  /// Rows of the upper and the lower tiles, and pairs of a tile; `upper` is 0 before the first use.
  size_t upper, lower, pairs;
} TileShape;

/// Multiplies a block with tiles; `aInner` is 1 and `inner` a multiple of 8.
///
/// The caller releases the tiles after its last product.
__attribute__((visibility("hidden"))) void ck_bf16_multiply_by_tiles(TileShape *configured,
                                                                     const Bfloat16Block *block,
                                                                     size_t rows, size_t columns);

__attribute__((visibility("hidden"))) void ck_release_tiles(void);

/// `ck_bf16_multiply_add` with tiles: four tiles of sums, each with a product of 16 × 16 pairs ×
/// 16.
__attribute__((visibility("hidden"))) float ck_bf16_multiply_add_by_tiles(size_t rounds,
                                                                          uint32_t pair);

#endif
