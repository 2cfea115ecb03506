#ifndef ILLEGAL_INSTRUCTION_H
#define ILLEGAL_INSTRUCTION_H

#include <stdbool.h>

#pragma GCC visibility push(hidden)

/// Whether this process handles SIGILL to emulate tiles: on a CPU with AVX-512 and without tiles.
bool emulates_tiles(void);

#pragma GCC visibility pop

#endif
