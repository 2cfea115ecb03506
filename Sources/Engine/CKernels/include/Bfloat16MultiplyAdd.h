#ifndef CKERNELS_BFLOAT16_MULTIPLY_ADD_H
#define CKERNELS_BFLOAT16_MULTIPLY_ADD_H

#include <stdbool.h>
#include <stddef.h>

/// Whether the instruction set in use has an instruction that multiplies pairs of bfloat16.
///
/// Without it, functions named bf16 are slower than those of floats.
bool ck_has_bf16_instruction(void);

/// `rounds` times x ← x + factor·1 + factor·1 in all registers, with products of bfloat16.
///
/// `factor` is a bfloat16. Where `ck_has_bf16_instruction`, one instruction adds a pair of
/// products; tiles add sixteen pairs at once. Returns the sum of all x.
float ck_bf16_multiply_add(size_t rounds, float factor);

/// Floating-point operations of one round, four for a pair.
size_t ck_bf16_multiply_add_operations(void);

#endif
