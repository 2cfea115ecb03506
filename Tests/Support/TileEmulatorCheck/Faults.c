#define _GNU_SOURCE
#if defined(__x86_64__)
#include "Faults.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static sigjmp_buf before;

/// Standard error leads nowhere until `restore_errors`, to which the result belongs.
static int silence_errors(void) {
  int errors = dup(STDERR_FILENO), nowhere = open("/dev/null", O_WRONLY);
  dup2(nowhere, STDERR_FILENO);
  close(nowhere);
  return errors;
}

static void restore_errors(int errors) {
  dup2(errors, STDERR_FILENO);
  close(errors);
}

static void leave(int signal) { siglongjmp(before, signal); }

int signal_raised_by(void (*use)(void *), void *argument) {
  struct sigaction action = {.sa_handler = leave}, illegal, violation;
  sigemptyset(&action.sa_mask);
  sigaction(SIGILL, &action, &illegal);
  sigaction(SIGSEGV, &action, &violation);
  int errors = silence_errors();
  int raised = sigsetjmp(before, 1);
  if (raised == 0) use(argument);
  restore_errors(errors);
  sigaction(SIGILL, &illegal, NULL);
  sigaction(SIGSEGV, &violation, NULL);
  return raised;
}

int signal_that_ends(void (*use)(void *), void *argument, char *message, int capacity) {
  int ends[2];
  if (pipe(ends) != 0) return -1;
  pid_t child = fork();
  if (child < 0) return -1;
  if (child == 0) {
    struct rlimit no_core = {0, 0};
    setrlimit(RLIMIT_CORE, &no_core);
    dup2(ends[1], STDERR_FILENO);
    use(argument);
    _exit(0);
  }
  close(ends[1]);
  int length = 0;
  ssize_t count;
  while (length < capacity - 1 &&
         (count = read(ends[0], message + length, (size_t)(capacity - 1 - length))) > 0) {
    length += (int)count;
  }
  message[length] = 0;
  close(ends[0]);
  int status;
  waitpid(child, &status, 0);
  return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

#endif
