#ifndef CKERNELS_TILE_DETECTION_H
#define CKERNELS_TILE_DETECTION_H

#include <stdbool.h>

/// Whether this process may use AMX tiles, and products of bfloat16 by them; asks the kernel for
/// permission.
///
/// Not while another thread installs a handler of SIGILL.
__attribute__((visibility("hidden"))) bool ck_tiles_work(void);

#endif
