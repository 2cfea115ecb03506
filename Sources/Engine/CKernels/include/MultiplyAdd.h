#ifndef CKERNELS_MULTIPLY_ADD_H
#define CKERNELS_MULTIPLY_ADD_H

#include <stddef.h>

/// `rounds` times x ← factor·x + (1 − factor) in all registers at once, for measurements: memory and
/// the latency of an operation play no part. Returns their sum, so that nothing can be left out.
float ck_multiply_add(size_t rounds, float factor);

/// Floating-point operations of one round, two for a multiply-add.
size_t ck_multiply_add_operations(void);

#endif
