#ifndef PLAIN_TILES_H
#define PLAIN_TILES_H

#include "../../../Sources/Engine/CKernels/Bfloat16/TileConfiguration.h"
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// AMX's instructions for tiles in plain C, by the names of their intrinsics. An operand that the
// instruction would refuse ends the process.
// Source: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2, LDTILECFG, TILELOADD,
// TILESTORED, TILEZERO and TDPBF16PS.

enum { plainTileCount = 8, plainTileRows = 16, plainTileWords = 16 };

/// The tiles of a thread. Words beyond the configured rows and bytes are zero.
static _Thread_local struct {
  TileConfiguration configuration;
  uint32_t words[plainTileCount][plainTileRows][plainTileWords];
} plainTiles;

static inline void plainRequire(bool condition, const char *claim) {
  if (condition) return;
  fprintf(stderr, "tile instruction without %s\n", claim);
  abort();
}

static inline size_t plainRows(int tile) {
  plainRequire(plainTiles.configuration.palette == 1, "a configuration");
  plainRequire(plainTiles.configuration.rows[tile] > 0, "rows in its tile");
  return plainTiles.configuration.rows[tile];
}

static inline size_t plainWords(int tile) {
  return plainTiles.configuration.rowBytes[tile] / sizeof(uint32_t);
}

static inline void _tile_loadconfig(const TileConfiguration *configuration) {
  plainRequire(configuration->palette == 1 && configuration->startRow == 0, "palette 1");
  for (int tile = 0; tile < 16; tile++) {
    const unsigned rows = configuration->rows[tile], bytes = configuration->rowBytes[tile];
    plainRequire(rows <= plainTileRows && bytes <= sizeof plainTiles.words[0][0], "small tiles");
    plainRequire((rows == 0) == (bytes == 0) && bytes % sizeof(uint32_t) == 0, "whole words");
    plainRequire(rows == 0 || tile < plainTileCount, "a tile of this number");
  }
  memset(&plainTiles, 0, sizeof plainTiles);
  plainTiles.configuration = *configuration;
}

static inline void _tile_release(void) { memset(&plainTiles, 0, sizeof plainTiles); }

static inline void _tile_zero(int tile) {
  plainRows(tile);
  memset(plainTiles.words[tile], 0, sizeof plainTiles.words[tile]);
}

static inline void _tile_loadd(int tile, const void *from, size_t bytesToNextRow) {
  const size_t rows = plainRows(tile), bytes = plainWords(tile) * sizeof(uint32_t);
  _tile_zero(tile);
  for (size_t row = 0; row < rows; row++) {
    memcpy(plainTiles.words[tile][row], (const char *)from + row * bytesToNextRow, bytes);
  }
}

static inline void _tile_stored(int tile, void *to, size_t bytesToNextRow) {
  const size_t rows = plainRows(tile), bytes = plainWords(tile) * sizeof(uint32_t);
  for (size_t row = 0; row < rows; row++) {
    memcpy((char *)to + row * bytesToNextRow, plainTiles.words[tile][row], bytes);
  }
}

/// A bfloat16 is the upper half of a float; the first of a pair lies in the lower half of its word.
static inline float plainFloat(uint32_t bits) {
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

/// sums [m, n] += Σ over k of both products of the pairs a [m, k] and b [k, n].
static inline void _tile_dpbf16ps(int sums, int a, int b) {
  const size_t rows = plainRows(sums), columns = plainWords(sums), pairs = plainWords(a);
  plainRequire(plainRows(a) == rows && plainWords(b) == columns && plainRows(b) == pairs,
               "tiles that fit");
  for (size_t m = 0; m < rows; m++) {
    for (size_t n = 0; n < columns; n++) {
      float first = 0, second = 0;
      for (size_t k = 0; k < pairs; k++) {
        const uint32_t left = plainTiles.words[a][m][k], right = plainTiles.words[b][k][n];
        first += plainFloat(left << 16) * plainFloat(right << 16);
        second += plainFloat(left & 0xffff0000) * plainFloat(right & 0xffff0000);
      }
      const float sum = plainFloat(plainTiles.words[sums][m][n]) + (first + second);
      memcpy(&plainTiles.words[sums][m][n], &sum, sizeof sum);
    }
  }
}

#endif
