#ifndef PLATFORM_H
#define PLATFORM_H

// Elsewhere the files of this target are empty. What they share is hidden, for a library that is
// preloaded must not take the place of functions of the program that happen to have the same name.
#if defined(__x86_64__) && defined(__linux__)
#define HAS_TILE_EMULATOR 1
#else
#define HAS_TILE_EMULATOR 0
#endif

#endif
