#include "TileDetection.h"
#include "../Dispatch/Dispatch.h"
#include "TileConfiguration.h"

#if defined(__x86_64__) && defined(__linux__)
#include <immintrin.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

// Since Linux 5.16 a process must request permission before its first instruction with a tile
// (Documentation/arch/x86/xstate.rst). The kernel refuses if a thread has an alternate signal stack
// too small for a frame with tiles, about 11 KiB; once granted, sigaltstack refuses such stacks.
static const long requestPermission = 0x1023, tileData = 18;

static sigjmp_buf illegal;

static void onIllegalInstruction(int signal) {
  (void)signal;
  siglongjmp(illegal, 1);
}

__attribute__((target("amx-tile,amx-bf16"))) static void useTiles(void) {
  // Palette 1; one row of four bytes in tiles 0 to 2.
  const TileConfiguration configuration = {.palette = 1, .rowBytes = {4, 4, 4}, .rows = {1, 1, 1}};
  _tile_loadconfig(&configuration);
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_dpbf16ps(0, 1, 2);
  _tile_release();
}

/// Executes tile instructions to find out, because under virtualisation CPUID may not list tiles
/// that work, and permission may be granted although the instructions do not work.
bool ck_tiles_work(void) {
  if (syscall(SYS_arch_prctl, requestPermission, tileData) != 0) return false;
  struct sigaction trial = {.sa_handler = onIllegalInstruction}, before;
  sigemptyset(&trial.sa_mask);
  if (sigaction(SIGILL, &trial, &before) != 0) return false;
  // The process may have inherited a blocked SIGILL, which would then end it.
  sigset_t ofInstructions, mask;
  sigemptyset(&ofInstructions);
  sigaddset(&ofInstructions, SIGILL);
  pthread_sigmask(SIG_UNBLOCK, &ofInstructions, &mask);
  volatile bool work = false;
  if (sigsetjmp(illegal, 1) == 0) {
    useTiles();
    work = true;
  }
  sigaction(SIGILL, &before, NULL);
  pthread_sigmask(SIG_SETMASK, &mask, NULL);
  return work;
}

#else

bool ck_tiles_work(void) { return false; }

#endif
