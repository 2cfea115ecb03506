#ifndef TILE_STATE_H
#define TILE_STATE_H

#include <stdint.h>

/// What palette 1 has.
enum { tile_count = 8, tile_rows = 16, tile_row_bytes = 64 };

/// A configuration as it lies in memory.
struct TileConfiguration {
  uint8_t palette;
  uint8_t start_row;
  uint8_t reserved[14];
  /// The last eight of either are reserved.
  uint16_t row_bytes[16];
  uint8_t rows[16];
};
_Static_assert(sizeof(struct TileConfiguration) == 64, "a configuration has 64 bytes");

typedef uint8_t TileData[tile_rows][tile_row_bytes] __attribute__((aligned(64)));

/// A thread's tiles; all zero in the initial state, without a palette. What lies beyond a tile's
/// configured rows and bytes is zero.
struct TileState {
  struct TileConfiguration configuration;
  TileData tiles[tile_count];
};

#endif
