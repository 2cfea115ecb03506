#ifndef CKERNELS_MULTIPLY_ADD_H
#define CKERNELS_MULTIPLY_ADD_H

#include <stddef.h>

/// `rounds` times x ← factor·x + (1 − factor) in all registers, to measure the peak rate.
///
/// Neither memory nor the latency of an operation limits it. Returns the sum of all x, so that the
/// compiler cannot drop the loop.
float ck_multiply_add(size_t rounds, float factor);

/// Floating-point operations of one round, two for a multiply-add.
size_t ck_multiply_add_operations(void);

#endif
