#define _GNU_SOURCE
#include "CCrashReport.h"

#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

enum { KEPT_LINES = 12, LINE_BYTES = 240, ALTERNATE_STACK_BYTES = 64 << 10 };
static const int HELPER_SECONDS = 10;
static const int CRASH_SIGNALS[] = {SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGABRT, SIGFPE};
// The first real-time signals belong to glibc, and MPI libraries use none of the last ones.
#define CAPTURE_SIGNAL (SIGRTMAX - 3)

static char executable_path[4096], executable_option[64];
static char process_name[256];
static char kept_lines[KEPT_LINES][LINE_BYTES];
static atomic_uint kept_count;
static atomic_long place_step;
static _Atomic(const char *) place_activity;
static atomic_bool waits_for_debugger, is_waiting;
static atomic_int reporting_thread;

// MARK: - Text without allocation

struct text {
  char bytes[8192];
  size_t count;
};

static void append_bytes(struct text *text, const char *bytes, size_t count) {
  if (count > sizeof text->bytes - text->count) count = sizeof text->bytes - text->count;
  memcpy(text->bytes + text->count, bytes, count);
  text->count += count;
}

static void append(struct text *text, const char *string) {
  append_bytes(text, string, strlen(string));
}

static void append_number(struct text *text, uint64_t number, unsigned base) {
  char digits[24];
  size_t count = 0;
  do {
    digits[sizeof digits - ++count] = "0123456789abcdef"[number % base];
    number /= base;
  } while (number > 0);
  append_bytes(text, digits + sizeof digits - count, count);
}

static void write_all(int descriptor, const char *bytes, size_t count) {
  while (count > 0) {
    ssize_t written = write(descriptor, bytes, count);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    bytes += written;
    count -= (size_t)written;
  }
}

static void flush(struct text *text) {
  write_all(STDERR_FILENO, text->bytes, text->count);
  text->count = 0;
}

// MARK: - The parts of a report

static const char *signal_name(int number) {
  switch (number) {
  case SIGSEGV:
    return "SIGSEGV";
  case SIGBUS:
    return "SIGBUS";
  case SIGILL:
    return "SIGILL";
  case SIGTRAP:
    return "SIGTRAP";
  case SIGABRT:
    return "SIGABRT";
  case SIGFPE:
    return "SIGFPE";
  default:
    return "a signal";
  }
}

int ccrash_current_thread(void) { return (int)syscall(SYS_gettid); }

static void append_name(struct text *text) {
  append(text, process_name[0] ? process_name : "a process");
  append(text, ", process ");
  append_number(text, (uint64_t)getpid(), 10);
}

static void append_headline(struct text *text, int number, const siginfo_t *info) {
  append(text, "\nlcnn-dist: ");
  append_name(text);
  append(text, ", crashed by ");
  append(text, signal_name(number));
  if ((number == SIGSEGV || number == SIGBUS) && info->si_code > 0) {
    append(text, " at address 0x");
    append_number(text, (uint64_t)(uintptr_t)info->si_addr, 16);
  } else if (number == SIGILL || number == SIGTRAP) {
    append(text, " (a failed check of the program)");
  } else if (info->si_code <= 0 && info->si_pid != getpid()) {
    append(text, ", which process ");
    append_number(text, (uint64_t)info->si_pid, 10);
    append(text, " sent");
  }
  const char *activity = atomic_load(&place_activity);
  if (activity) {
    append(text, " in “");
    long step = atomic_load(&place_step);
    if (step > 0) {
      append(text, "step ");
      append_number(text, (uint64_t)step, 10);
      append(text, ", ");
    }
    append(text, activity);
    append(text, "”");
  }
  char thread_name[16] = "";
  if (ccrash_current_thread() != getpid() && prctl(PR_GET_NAME, thread_name) == 0) {
    append(text, ", on thread ");
    append_number(text, (uint64_t)ccrash_current_thread(), 10);
    append(text, " (");
    append(text, thread_name);
    append(text, ")");
  }
  append(text, "\n");
}

static void append_kept_lines(struct text *text) {
  unsigned count = atomic_load(&kept_count);
  if (count == 0) return;
  append(text, "last lines of its log:\n");
  for (unsigned index = count > KEPT_LINES ? count - KEPT_LINES : 0; index < count; index++) {
    const char *line = kept_lines[index % KEPT_LINES];
    append(text, "  ");
    append_bytes(text, line, strnlen(line, LINE_BYTES));
    append(text, "\n");
  }
}

// The frames of the handler come before the one that the signal has interrupted.
static int first_frame(void *const *frames, int count, const void *context) {
  const ucontext_t *at = context;
#if defined(__x86_64__)
  uintptr_t interrupted = (uintptr_t)at->uc_mcontext.gregs[REG_RIP];
#elif defined(__aarch64__)
  uintptr_t interrupted = (uintptr_t)at->uc_mcontext.pc;
#else
  uintptr_t interrupted = 0;
#endif
  for (int index = 0; index < count; index++) {
    if ((uintptr_t)frames[index] == interrupted) return index;
  }
  return 0;
}

// Returns whether the helper has printed the frames. A fresh process does it, since finding and
// demangling names takes memory, of which this one may have destroyed the lists.
static bool print_frames_by_helper(void *const *frames, int count) {
  int ends[2];
  if (executable_path[0] == 0 || pipe(ends) != 0) return false;
  static char process[24];
  struct text number = {.count = 0};
  append_number(&number, (uint64_t)getpid(), 10);
  memcpy(process, number.bytes, number.count);
  // Handlers of fork would take locks that this thread may hold.
  pid_t helper = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
  if (helper == 0) {
    dup2(ends[0], STDIN_FILENO);
    dup2(STDERR_FILENO, STDOUT_FILENO);
    close(ends[0]);
    close(ends[1]);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    char *arguments[] = {executable_path, executable_option, process, NULL};
    execve(executable_path, arguments, environ);
    _exit(127);
  }
  close(ends[0]);
  static struct text addresses;
  for (int index = 0; index < count; index++) {
    append_number(&addresses, (uint64_t)(uintptr_t)frames[index], 16);
    append(&addresses, "\n");
  }
  signal(SIGPIPE, SIG_IGN);
  write_all(ends[1], addresses.bytes, addresses.count);
  close(ends[1]);
  if (helper < 0) return false;
  for (int waited = 0; waited < HELPER_SECONDS * 100; waited++) {
    int status = 0;
    pid_t ended = waitpid(helper, &status, WNOHANG);
    if (ended == helper) return WIFEXITED(status) && WEXITSTATUS(status) == 0;
    if (ended < 0 && errno != EINTR) return false;
    nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
  }
  kill(helper, SIGKILL);
  return false;
}

bool ccrash_is_traced(int process) {
  struct text path = {.count = 0};
  append(&path, "/proc/");
  append_number(&path, (uint64_t)process, 10);
  append_bytes(&path, "/status", sizeof "/status");
  int file = open(path.bytes, O_RDONLY | O_CLOEXEC);
  if (file < 0) return false;
  char status[2048];
  ssize_t count = read(file, status, sizeof status - 1);
  close(file);
  if (count <= 0) return false;
  status[count] = 0;
  const char *tracer = strstr(status, "TracerPid:");
  return tracer && strtol(tracer + strlen("TracerPid:"), NULL, 10) != 0;
}

volatile int ccrash_is_released;

void ccrash_await_debugger(const char *place) {
  // Yama otherwise lets only a parent attach.
  prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0);
  atomic_store(&is_waiting, true);
  ccrash_is_released = 0;
  struct text text = {.count = 0};
  append(&text, "lcnn-dist: ");
  append_name(&text);
  append(&text, ", waits for a debugger at ");
  append(&text, place);
  append(&text, ": gdb -p ");
  append_number(&text, (uint64_t)getpid(), 10);
  append(&text, "\n");
  flush(&text);
  while (!ccrash_is_traced(getpid()) && !ccrash_is_released) {
    nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
  }
  atomic_store(&is_waiting, false);
}

static void end_by(int number) {
  signal(number, SIG_DFL);
  sigset_t this_one;
  sigemptyset(&this_one);
  sigaddset(&this_one, number);
  pthread_sigmask(SIG_UNBLOCK, &this_one, NULL);
  raise(number);
  _exit(128 + number);
}

static void report_crash(int number, siginfo_t *info, void *context) {
  static struct text text;
  int nobody = 0;
  if (!atomic_compare_exchange_strong(&reporting_thread, &nobody, ccrash_current_thread())) {
    // The report itself has crashed, or another thread has crashed before and reports.
    if (nobody == ccrash_current_thread()) end_by(number);
    for (;;) pause();
  }
  append_headline(&text, number, info);
  append_kept_lines(&text);
  append(&text, "backtrace, innermost function first:\n");
  flush(&text);
  static void *frames[CCRASH_MAXIMUM_FRAMES];
  int count = backtrace(frames, CCRASH_MAXIMUM_FRAMES);
  int first = first_frame(frames, count, context);
  if (!print_frames_by_helper(frames + first, count - first)) {
    backtrace_symbols_fd(frames + first, count - first, STDERR_FILENO);
  }
  if (atomic_load(&waits_for_debugger)) ccrash_await_debugger("its crash");
  end_by(number);
}

// MARK: - The stack of another thread

static void *captured_frames[CCRASH_MAXIMUM_FRAMES];
static atomic_int captured_count, capture_thread;

static void capture_frames(int number, siginfo_t *info, void *context) {
  (void)number;
  (void)info;
  int before = errno;
  if (atomic_load(&capture_thread) == ccrash_current_thread()) {
    static void *frames[CCRASH_MAXIMUM_FRAMES];
    int count = backtrace(frames, CCRASH_MAXIMUM_FRAMES);
    int first = first_frame(frames, count, context);
    memcpy(captured_frames, frames + first, (size_t)(count - first) * sizeof *frames);
    atomic_store(&captured_count, count - first);
  }
  errno = before;
}

int ccrash_capture_signal(void) { return CAPTURE_SIGNAL; }

int ccrash_capture(int thread, void **frames, int capacity) {
  atomic_store(&captured_count, 0);
  atomic_store(&capture_thread, thread);
  int count = 0;
  if (syscall(SYS_tgkill, getpid(), thread, CAPTURE_SIGNAL) == 0) {
    for (int waited = 0; waited < 50 && count == 0; waited++) {
      nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
      count = atomic_load(&captured_count);
    }
  }
  atomic_store(&capture_thread, 0);
  if (count <= 0) return -1;
  if (count > capacity) count = capacity;
  memcpy(frames, captured_frames, (size_t)count * sizeof *frames);
  return count;
}

// MARK: - Settings

static void catch (int number, void (*handler)(int, siginfo_t *, void *), int flags) {
  struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_ONSTACK | flags};
  sigemptyset(&action.sa_mask);
  sigaction(number, &action, NULL);
}

void ccrash_install(const char *executable, const char *option) {
  strncpy(executable_path, executable, sizeof executable_path - 1);
  strncpy(executable_option, option, sizeof executable_option - 1);
  // The first call of backtrace loads a library, which a handler must not.
  void *frame[1];
  backtrace(frame, 1);
  ccrash_use_alternate_stack();
  for (size_t index = 0; index < sizeof CRASH_SIGNALS / sizeof *CRASH_SIGNALS; index++) {
    catch (CRASH_SIGNALS[index], report_crash, SA_NODEFER);
  }
  catch (CAPTURE_SIGNAL, capture_frames, SA_RESTART);
}

void ccrash_use_alternate_stack(void) {
  void *memory = mmap(NULL, ALTERNATE_STACK_BYTES, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return;
  sigaltstack(&(stack_t){.ss_sp = memory, .ss_size = ALTERNATE_STACK_BYTES}, NULL);
}

void ccrash_set_name(const char *name) { strncpy(process_name, name, sizeof process_name - 1); }

void ccrash_set_place(int64_t step, const char *activity) {
  atomic_store_explicit(&place_step, step, memory_order_relaxed);
  atomic_store_explicit(&place_activity, activity, memory_order_relaxed);
}

void ccrash_keep_line(const char *line) {
  char *kept = kept_lines[atomic_fetch_add(&kept_count, 1) % KEPT_LINES];
  size_t count = strnlen(line, LINE_BYTES - 1);
  memcpy(kept, line, count);
  kept[count] = 0;
}

void ccrash_wait_for_debugger(bool waits) { atomic_store(&waits_for_debugger, waits); }

bool ccrash_is_waiting(void) { return atomic_load(&is_waiting); }

void ccrash_exclude_signals(sigset_t *mask) {
  for (size_t index = 0; index < sizeof CRASH_SIGNALS / sizeof *CRASH_SIGNALS; index++) {
    sigdelset(mask, CRASH_SIGNALS[index]);
  }
  sigdelset(mask, CAPTURE_SIGNAL);
}

void ccrash_name_thread(const char *name) { prctl(PR_SET_NAME, name, 0, 0, 0); }
