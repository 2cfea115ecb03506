// usage: [LD_PRELOAD=libTileEmulator.so] tile-emulator-check
//
// Checks AMX tile instructions against plain C: on a CPU with AMX its own, elsewhere those of the
// emulator that is preloaded. Prints a line per failed check; the exit status is 1 if there is one,
// and 2 without tiles.

#include "Check.h"

#include <signal.h>
#include <stdio.h>

#if defined(__x86_64__)

int main(void) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  // The Swift runtime, which the package manager links to programs in C too, handles crashes.
  signal(SIGILL, SIG_DFL);
  signal(SIGSEGV, SIG_DFL);
  check_permission();
  if (!request_tiles()) {
    printf("no tiles: this CPU has no AMX, and no emulator is preloaded\n");
    return 2;
  }
  check_addressing();
  check_configurations();
  check_products();
  check_signals();
  check_system_calls();
  check_threads();
  printf("%d failed, tiles %s\n", failed_checks(), cpu_has_tiles() ? "of the CPU" : "emulated");
  return failed_checks() == 0 ? 0 : 1;
}

#else

int main(void) {
  printf("no tiles: this CPU is no x86-64 one\n");
  return 2;
}

#endif
