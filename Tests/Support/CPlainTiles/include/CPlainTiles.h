#ifndef CPLAINTILES_H
#define CPLAINTILES_H

#include "Winograd.h"

// The kernels for AMX's tiles a second time, compiled with plain C in the place of the instructions, so
// that their blocks, offsets, rests and configurations are tested on every CPU.

/// `ck_winograd_multiply_bf16` by tiles.
void plain_winograd_multiply_bf16(const CKWinogradProducts *products, size_t parts,
                                  const uint16_t *input, const uint32_t *panels, float *output);

/// `ck_winograd_multiply_transposed_bf16` by tiles.
void plain_winograd_multiply_transposed_bf16(const CKWinogradProducts *products, size_t parts,
                                             const uint16_t *input, const uint16_t *output,
                                             float scale, float previous, uint32_t *pairs,
                                             float *panels);

/// `ck_bf16_multiply_add` by tiles; both factors of `pair` are the same bfloat16.
float plain_multiply_add_tiles(size_t rounds, uint32_t pair);

/// Whether this thread's tiles have no configuration, as before the first product.
bool plain_tiles_are_released(void);

#endif
