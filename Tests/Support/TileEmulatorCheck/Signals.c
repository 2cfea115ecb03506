#define _GNU_SOURCE
#if defined(__x86_64__)
#include "Check.h"
#include "Faults.h"

#include <errno.h>
#include <immintrin.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <ucontext.h>

static void undefined(void *unused) {
  (void)unused;
  __asm__ volatile("ud2");
}

__attribute__((target("amx-tile"))) static void zero_tile_3(void *unused) {
  (void)unused;
  _tile_zero(3);
}

__attribute__((target("amx-tile"))) static void load_palette_9(void *unused) {
  (void)unused;
  uint8_t configuration[64] = {9};
  _tile_loadconfig(configuration);
}

static void raise_illegal(void *unused) {
  (void)unused;
  raise(SIGILL);
}

static void configure_and_zero(void *unused) {
  static const struct TileShape shapes[8] = {{1, 4}, {1, 4}, {1, 4}, {1, 4}};
  configure(shapes);
  zero_tile_3(unused);
}

void check_permission(void) {
  char message[256];
  int ended = signal_that_ends(configure_and_zero, NULL, message, sizeof message);
  check(ended == SIGILL, "tiles without the kernel's permission: signal %d", ended);
}

/// Tiles keep what they have while a program handles other illegal instructions, more than once.
__attribute__((target("amx-tile"), noinline)) static void check_probing(void) {
  static const struct TileShape shapes[8] = {{1, 64}};
  uint8_t sevens[64], found[64] = {0};
  memset(sevens, 7, sizeof sevens);
  for (int time = 0; time < 3; time++) {
    check(signal_raised_by(undefined, NULL) == SIGILL, "ud2 reaches the program, time %d", time);
  }
  configure(shapes);
  _tile_loadd(0, sevens, 64);
  check(signal_raised_by(raise_illegal, NULL) == SIGILL, "raise reaches the program");
  configure(shapes);
  _tile_loadd(0, sevens, 64);
  _tile_stored(0, found, 64);
  check(memcmp(sevens, found, 64) == 0, "tiles after signals");
}

static jmp_buf before;

static void jump(int number) { longjmp(before, number); }

/// A handler that leaves by longjmp leaves its signal blocked; tile instructions do not mind.
__attribute__((target("amx-tile"), noinline)) static void check_jump(void) {
  static const struct TileShape shapes[8] = {{1, 64}};
  uint8_t found[64] = {1};
  sigset_t mask;
  sigprocmask(SIG_BLOCK, NULL, &mask);
  signal(SIGILL, jump);
  if (setjmp(before) == 0) undefined(NULL);
  configure(shapes);
  _tile_zero(0);
  _tile_stored(0, found, 64);
  check(found[0] == 0, "tiles after longjmp");
  sigprocmask(SIG_SETMASK, &mask, NULL);
  signal(SIGILL, SIG_DFL);
}

static volatile sig_atomic_t handled;
static void *volatile handled_at;
static volatile sig_atomic_t user_signal_blocked;

/// Goes on behind ud2, which has two bytes.
static void skip(int number, siginfo_t *info, void *context) {
  ucontext_t *interrupted = context;
  sigset_t mask;
  pthread_sigmask(SIG_BLOCK, NULL, &mask);
  user_signal_blocked = sigismember(&mask, SIGUSR1);
  handled = number;
  handled_at = info->si_addr;
  interrupted->uc_mcontext.gregs[REG_RIP] += 2;
}

static void count(int number) { handled += number == SIGILL; }

static bool blocks_user_signal(void) {
  sigset_t mask;
  sigprocmask(SIG_BLOCK, NULL, &mask);
  return sigismember(&mask, SIGUSR1) == 1;
}

static void check_handlers(void) {
  struct sigaction action = {.sa_sigaction = skip, .sa_flags = SA_SIGINFO}, reported;
  sigemptyset(&action.sa_mask);
  sigaddset(&action.sa_mask, SIGUSR1);
  check(sigaction(SIGILL, &action, &reported) == 0, "sigaction succeeds");
  check(reported.sa_handler == SIG_DFL, "the first action is the default");
  errno = 77;
  undefined(NULL);
  check(errno == 77, "errno is kept");
  check(handled == SIGILL && handled_at != NULL, "SA_SIGINFO is called with the address");
  check(user_signal_blocked == 1, "sa_mask holds in the handler");
  check(!blocks_user_signal(), "sa_mask holds in the handler only");

  check(sigaction(SIGILL, NULL, &reported) == 0, "sigaction reads");
  check(reported.sa_sigaction == skip && (reported.sa_flags & SA_SIGINFO) &&
            sigismember(&reported.sa_mask, SIGUSR1) == 1,
        "sigaction reports what was set");
  check((void *)signal(SIGILL, count) == (void *)skip, "signal reports what was set");
  handled = 0;
  raise(SIGILL);
  check(handled == 1, "signal's handler is called");
  check(signal(SIGILL, SIG_ERR) == SIG_ERR && errno == EINVAL, "signal refuses SIG_ERR");

  action.sa_flags = (int)(SA_SIGINFO | SA_RESETHAND);
  sigaction(SIGILL, &action, NULL);
  undefined(NULL);
  sigaction(SIGILL, NULL, &reported);
  check(reported.sa_handler == SIG_DFL, "SA_RESETHAND sets the default back");

  signal(SIGILL, SIG_IGN);
  raise(SIGILL);
  check(signal(SIGILL, SIG_DFL) == SIG_IGN, "a raised signal is ignored");
  check(signal(SIGUSR1, count) == SIG_DFL && signal(SIGUSR1, SIG_DFL) == count,
        "other signals are the C library's");
}

static void ignore_and_undefined(void *unused) {
  signal(SIGILL, SIG_IGN);
  undefined(unused);
}

static void ignore_and_load_palette_9(void *unused) {
  signal(SIGSEGV, SIG_IGN);
  load_palette_9(unused);
}

static void block_and_load_palette_9(void *unused) {
  signal(SIGSEGV, count);
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, NULL);
  load_palette_9(unused);
}

static void check_ends(void) {
  static const struct {
    const char *what;
    void (*use)(void *);
    int signal;
    /// What an emulator says.
    const char *message;
  } cases[] = {
      {"ud2", undefined, SIGILL, ""},
      {"ud2, ignored", ignore_and_undefined, SIGILL, ""},
      {"raise", raise_illegal, SIGILL, ""},
      {"tilezero", zero_tile_3, SIGILL, "tile emulator: TILEZERO: no tiles are configured\n"},
      {"ldtilecfg", load_palette_9, SIGSEGV,
       "tile emulator: LDTILECFG: the palette is neither 0 nor 1\n"},
      {"ldtilecfg, ignored", ignore_and_load_palette_9, SIGSEGV,
       "tile emulator: LDTILECFG: the palette is neither 0 nor 1\n"},
      {"ldtilecfg, blocked", block_and_load_palette_9, SIGSEGV,
       "tile emulator: LDTILECFG: the palette is neither 0 nor 1\n"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char message[256];
    int ended = signal_that_ends(cases[i].use, NULL, message, sizeof message);
    check(ended == cases[i].signal, "%s ends a process by signal %d", cases[i].what, ended);
    const char *expected = cpu_has_tiles() ? "" : cases[i].message;
    check(strcmp(message, expected) == 0, "%s says: %s", cases[i].what, message);
  }
}

__attribute__((target("amx-tile"))) void check_signals(void) {
  check_probing();
  check_jump();
  check_handlers();
  _tile_release();
  check_ends();
}

#endif
