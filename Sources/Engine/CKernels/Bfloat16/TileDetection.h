#ifndef CKERNELS_TILE_DETECTION_H
#define CKERNELS_TILE_DETECTION_H

#include <stdbool.h>

/// Requests the kernel's permission, and returns whether AMX tiles can multiply bfloat16.
///
/// Must not run while another thread installs a handler of SIGILL.
__attribute__((visibility("hidden"))) bool ck_tiles_work(void);

#endif
