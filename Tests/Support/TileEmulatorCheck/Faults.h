#ifndef FAULTS_H
#define FAULTS_H

/// The signal, SIGILL or SIGSEGV, that `use` raises by an instruction, or 0; handled by siglongjmp.
int signal_raised_by(void (*use)(void *), void *argument);

/// The signal that ends a process which does nothing but `use`, or 0. What it says on standard
/// error comes back in `message`, of at most `capacity` bytes with the terminating zero.
int signal_that_ends(void (*use)(void *), void *argument, char *message, int capacity);

#endif
