#ifndef C_TILE_EMULATOR_H
#define C_TILE_EMULATOR_H

// An emulator of Intel's AMX tile instructions for x86-64 Linux, so that machine code with them can
// be tested on CPUs with AVX-512 but without AMX. For tests only, and with nothing to call: the
// library `libTileEmulator.so` is preloaded into an unmodified program,
//
//     LD_PRELOAD=.build/release/libTileEmulator.so PROGRAM …
//
// A tile instruction is illegal there; the library handles SIGILL, does what the instruction would
// have done to memory and to the thread's tiles, and goes on behind it: LDTILECFG, STTILECFG,
// TILERELEASE, TILEZERO, TILELOADD, TILELOADDT1, TILESTORED and TDPBF16PS, as in Intel's Software
// Developer's Manual, with palette 1. What the CPU would refuse raises the signal that it would
// there, after a line on standard error which says why.
//
// What differs from a CPU with AMX:
// - CPUID is the CPU's own, which says that there are no tiles. That the kernel grants them,
//   `syscall(SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, 18)`, is what a program can go by.
// - SIGILL cannot be blocked, and a program's handler for it is called on the thread's own stack.
// - A page fault in a tile load or store is reported at an address in the library, and does not
//   change start_row.
// - Handlers of signals see and change the tiles of the thread that they interrupt.
// - Instructions with a segment other than FS or with 32-bit addresses stay illegal.
// - The package manager links the Swift runtime to the library, which brings its handlers of crashes
//   into programs in C; SWIFT_BACKTRACE=enable=no turns them off.
//
// Where the CPU has tiles or lacks AVX-512 the library does nothing.

#endif
