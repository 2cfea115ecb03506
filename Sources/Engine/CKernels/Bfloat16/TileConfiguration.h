#ifndef CKERNELS_TILE_CONFIGURATION_H
#define CKERNELS_TILE_CONFIGURATION_H

#include <stdint.h>

/// The operand of LDTILECFG; palette 1 is eight tiles of at most 16 rows of 64 bytes.
typedef struct {
  uint8_t palette, startRow, reserved[14];
  uint16_t rowBytes[16];
  uint8_t rows[16];
} TileConfiguration;

_Static_assert(sizeof(TileConfiguration) == 64, "as the instruction reads it");

#endif
