#ifndef CKERNELS_PAIR_BLOCK_H
#define CKERNELS_PAIR_BLOCK_H

#include "BFloat16.h"

/// c [rows, columns] ← scale·a·b + previous·c; words of a and b are pairs of the inner dimension,
/// and their factors are sums of parts.
typedef struct {
  /// Of pairs.
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
} PairBlock;

/// The parts of a and of b that are multiplied: of three, all but those below a float's last bit.
///
/// Small ones mostly first: by vectors, which take all pairs for one product after the other, they are
/// rounded to their own size, by tiles only in the first block of pairs. From each product to the next
/// one of the two parts stays, but for the second.
static const struct {
  uint8_t a, b;
} partProducts[] = {{0, 2}, {2, 0}, {1, 0}, {1, 1}, {0, 1}, {0, 0}};

/// One part has the last product alone.
ALWAYS_INLINE size_t firstProduct(size_t parts) { return parts == 1 ? 5 : 0; }
enum { partProductCount = 6 };

/// Columns are a multiple of 16.
__attribute__((visibility("hidden"))) void
ck_multiply_pairs_by_vectors(const PairBlock *block, size_t rows, size_t columns);

/// Whether those are made by an instruction for pairs.
__attribute__((visibility("hidden"))) bool ck_vectors_multiply_bfloat16(void);

#if defined(__x86_64__)
#define HAS_TILES
#endif

/// How the tiles of this thread are configured.
typedef struct {
  /// Of the two blocks of rows, and pairs of a tile; the first is 0 before anything is configured.
  size_t upper, lower, pairs;
} TileShape;

/// The same by tiles, aInner being 1.
///
/// Inner is a multiple of 8. The caller releases the tiles after its last product.
__attribute__((visibility("hidden"))) void
ck_multiply_pairs_by_tiles(TileShape *configured, const PairBlock *block, size_t rows,
                           size_t columns);

__attribute__((visibility("hidden"))) void ck_release_tiles(void);

/// `ck_multiply_add_pairs` by tiles: four of sums, each added a product of 16 by 16 pairs by 16.
__attribute__((visibility("hidden"))) float ck_multiply_add_tiles(size_t rounds, uint32_t pair);

#endif
