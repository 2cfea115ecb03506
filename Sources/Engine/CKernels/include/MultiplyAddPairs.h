#ifndef CKERNELS_MULTIPLY_ADD_PAIRS_H
#define CKERNELS_MULTIPLY_ADD_PAIRS_H

#include <stdbool.h>
#include <stddef.h>

/// Whether the instruction set in use has an instruction that multiplies pairs of bfloat16, without
/// which functions named bf16 are slower than those of floats.
bool ck_multiplies_bfloat16(void);

/// `rounds` times x ← x + factor·1 + factor·1 in all registers at once, the products of bfloat16
/// and made by one instruction where `ck_multiplies_bfloat16`; `factor` is a bfloat16. Tiles add
/// sixteen such pairs at once. Returns their sum.
float ck_multiply_add_pairs(size_t rounds, float factor);

/// Floating-point operations of one round, four for a pair.
size_t ck_multiply_add_pairs_operations(void);

#endif
