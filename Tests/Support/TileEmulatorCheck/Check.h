#ifndef CHECK_H
#define CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// A failed check prints a line, and the program's exit status is 1.
void check(bool holds, const char *format, ...) __attribute__((format(printf, 2, 3)));

int failed_checks(void);

/// Asks the kernel for tile data.
bool request_tiles(void);

/// Whether the CPU has tiles itself, so that nothing is emulated.
bool cpu_has_tiles(void);

struct TileShape {
  unsigned rows, row_bytes;
};

/// Configures tiles 0 to 7 on this thread.
void configure(const struct TileShape shapes[8]);

/// A generator of random numbers: xorshift, whose state must not be zero.
uint32_t next_random(uint32_t *state);

void fill_randomly(void *bytes, size_t count, uint32_t *state);

// The groups of checks, in the order of `main`.
void check_permission(void);
void check_addressing(void);
void check_configurations(void);
void check_products(void);
void check_signals(void);
void check_system_calls(void);
void check_threads(void);

#endif
