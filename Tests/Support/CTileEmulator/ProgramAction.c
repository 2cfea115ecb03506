#define _GNU_SOURCE
#include "Platform.h"
#if HAS_TILE_EMULATOR
#include "ProgramAction.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

typedef int SetAction(int, const struct sigaction *, struct sigaction *);
typedef int SetMask(int, const sigset_t *, sigset_t *);
typedef void (*Handler)(int);
typedef Handler SetHandler(int, Handler);

/// The C library's own function. Handlers get here only after `program_action_replace`, which has
/// looked up what they use, for dlsym is not safe in them.
static void *find(_Atomic(void *) *place, const char *name) {
  void *found = atomic_load(place);
  if (found != NULL) return found;
  found = dlsym(RTLD_NEXT, name);
  atomic_store(place, found);
  return found;
}

int real_sigaction(int signal, const struct sigaction *new, struct sigaction *old) {
  static _Atomic(void *) place;
  return ((SetAction *)find(&place, "sigaction"))(signal, new, old);
}

int real_sigmask(int how, const sigset_t *new, sigset_t *old) {
  static _Atomic(void *) place;
  return ((SetMask *)find(&place, "pthread_sigmask"))(how, new, old);
}

/// Whether SIGILL belongs to the emulator; until then the C library's functions do all.
static atomic_bool replaced;

static struct sigaction program_action;
static atomic_flag locked = ATOMIC_FLAG_INIT;

/// All signals are blocked meanwhile: a handler that waits for the thread that it interrupts would
/// wait for ever.
static void lock(sigset_t *mask) {
  sigset_t all;
  sigfillset(&all);
  real_sigmask(SIG_BLOCK, &all, mask);
  while (atomic_flag_test_and_set(&locked)) __builtin_ia32_pause();
}

static void unlock(const sigset_t *mask) {
  atomic_flag_clear(&locked);
  real_sigmask(SIG_SETMASK, mask, NULL);
}

void program_action_replace(void (*handler)(int, siginfo_t *, void *)) {
  // No SA_NODEFER, and a program's handler that leaves by longjmp would leave SIGILL blocked, in
  // which the next tile instruction would be the program's end.
  struct sigaction action = {.sa_sigaction = handler,
                             .sa_flags = SA_SIGINFO | SA_NODEFER | SA_RESTART};
  sigemptyset(&action.sa_mask);
  sigset_t illegal;
  sigemptyset(&illegal);
  sigaddset(&illegal, SIGILL);
  real_sigmask(SIG_UNBLOCK, &illegal, NULL);
  real_sigaction(SIGILL, &action, &program_action);
  atomic_store(&replaced, true);
}

struct sigaction program_action_take(void) {
  sigset_t mask;
  lock(&mask);
  struct sigaction action = program_action;
  if (action.sa_flags & SA_RESETHAND) program_action.sa_handler = SIG_DFL;
  unlock(&mask);
  return action;
}

// The functions below are interposed: programs call them in place of the C library's.

int sigaction(int signal, const struct sigaction *restrict new, struct sigaction *restrict old) {
  if (signal != SIGILL || !atomic_load(&replaced)) return real_sigaction(signal, new, old);
  sigset_t mask;
  lock(&mask);
  struct sigaction previous = program_action;
  if (new != NULL) program_action = *new;
  unlock(&mask);
  if (old != NULL) *old = previous;
  return 0;
}

Handler signal(int number, Handler handler) {
  if (number != SIGILL || !atomic_load(&replaced)) {
    static _Atomic(void *) place;
    return ((SetHandler *)find(&place, "signal"))(number, handler);
  }
  if (handler == SIG_ERR) {
    errno = EINVAL;
    return SIG_ERR;
  }
  struct sigaction new = {.sa_handler = handler, .sa_flags = SA_RESTART}, old;
  sigemptyset(&new.sa_mask);
  sigaddset(&new.sa_mask, SIGILL);
  sigaction(SIGILL, &new, &old);
  return old.sa_handler;
}

/// A thread that blocks all signals, as helper threads do, can still execute tile instructions. The
/// kernel ends a process whose instruction raises a signal that is blocked.
int pthread_sigmask(int how, const sigset_t *restrict new, sigset_t *restrict old) {
  if (new == NULL || how == SIG_UNBLOCK || !atomic_load(&replaced)) {
    return real_sigmask(how, new, old);
  }
  sigset_t others = *new;
  sigdelset(&others, SIGILL);
  return real_sigmask(how, &others, old);
}

int sigprocmask(int how, const sigset_t *restrict new, sigset_t *restrict old) {
  int error = pthread_sigmask(how, new, old);
  if (error == 0) return 0;
  errno = error;
  return -1;
}

#endif
