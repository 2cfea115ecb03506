#ifndef PROGRAM_ACTION_H
#define PROGRAM_ACTION_H

#include <signal.h>

#pragma GCC visibility push(hidden)

/// Gives SIGILL to `handler` from now on; what the program had and will set for it is remembered.
void program_action_replace(void (*handler)(int, siginfo_t *, void *));

/// What the program has set for SIGILL, for a signal about to be handed on: set back to the default
/// where the program asked for that by SA_RESETHAND.
struct sigaction program_action_take(void);

/// What is really set for a signal, past the interposed functions.
int real_sigaction(int signal, const struct sigaction *new, struct sigaction *old);

/// The mask as it really is, past the interposed functions.
int real_sigmask(int how, const sigset_t *new, sigset_t *old);

#pragma GCC visibility pop

#endif
