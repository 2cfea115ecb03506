#ifndef PRODUCTS_H
#define PRODUCTS_H

#include <stdbool.h>
#include <stdint.h>

/// D ← D + A·B as TDPBF16PS is documented, in plain C: A rows × 32, B 16 × 32 bfloat16, D 16 × 16,
/// of which rows, columns and pairs are used.
void add_product(float destination[16][16], uint16_t first[16][32], uint16_t second[16][32],
                 unsigned rows, unsigned columns, unsigned pairs);

/// Random bfloat16 in [-2, 2).
uint16_t random_bfloat16(uint32_t *state);

/// Equal in every bit, but for what a NaN carries.
bool same_floats(const float *a, const float *b, unsigned count);

#endif
