#ifndef CCRASHREPORT_H
#define CCRASHREPORT_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

// The report of a process that crashes, and the stacks of its threads. Everything that a signal
// handler uses is async-signal-safe, or has been called once before (backtrace).

enum { CCRASH_MAXIMUM_FRAMES = 64 };

/// Catches SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGABRT and SIGFPE from now on.
///
/// The handler writes a report on standard error: signal, process, place, the last lines of the log,
/// and a backtrace that the program `executable` prints: it is started with `option` and this
/// process's number, and reads addresses from standard input, one a line. Then the process ends by
/// the signal, as it would have without the handler.
void ccrash_install(const char *executable, const char *option);

/// Gives this thread a stack of its own for signal handlers, so that an overflow is reported too.
/// The memory is never freed: call it once per thread that lives as long as the process.
void ccrash_use_alternate_stack(void);

/// Sets what a report says of the process, for example "rank 1 of 2 (host a)".
void ccrash_set_name(const char *name);

/// Sets the place in the program: a step, 0 for none, and a constant string.
void ccrash_set_place(int64_t step, const char *activity);

/// Keeps a line for the report, cut off where it is too long. The newest few are kept.
void ccrash_keep_line(const char *line);

/// Makes a crashing process wait for a debugger before it ends.
void ccrash_wait_for_debugger(bool waits);

/// Prints where to attach a debugger, and returns when one is attached and lets the process go on,
/// or has set `ccrash_is_released` to 1 and gone.
///
/// @param place as in "waits for a debugger at step 5".
void ccrash_await_debugger(const char *place);
extern volatile int ccrash_is_released;

/// Whether a thread of this process waits for a debugger.
bool ccrash_is_waiting(void);

/// Whether a debugger is attached to process `process` of this machine.
bool ccrash_is_traced(int process);

/// Names the calling thread as debuggers show it; at most 15 bytes are kept.
void ccrash_name_thread(const char *name);

/// Number of the calling thread, as in /proc/self/task.
int ccrash_current_thread(void);

/// Takes the signals that this module catches out of `mask`, for threads that block all others.
void ccrash_exclude_signals(sigset_t *mask);

/// The signal by which a thread is asked for its stack.
int ccrash_capture_signal(void);

/// The return addresses of thread `thread` of this process, innermost first; -1 where it does not
/// answer within 500 ms. Thread numbers are those of /proc/self/task.
int ccrash_capture(int thread, void **frames, int capacity);

#endif
