#define _GNU_SOURCE
#include "Platform.h"
#if HAS_TILE_EMULATOR
#include "IllegalInstruction.h"

#include "ProgramAction.h"
#include "TileExecution.h"

#include <cpuid.h>
#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

static atomic_bool emulates;

bool emulates_tiles(void) { return atomic_load(&emulates); }

/// A line on standard error by means that are safe in a handler, whoever handles the signal: the
/// Swift runtime, which handles crashes, could not say why.
static void report(const struct TileInstruction *instruction, const char *reason) {
  const char *operation = tile_operation_name(instruction->operation);
  const char *parts[] = {"tile emulator: ", operation, ": ", reason, "\n"};
  char line[256];
  size_t length = 0;
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
    for (const char *c = parts[i]; *c != 0 && length < sizeof line; c++) line[length++] = *c;
  }
  int error = errno;
  if (write(STDERR_FILENO, line, length) < 0) errno = error;
}

static void set_default(int signal) {
  struct sigaction action = {.sa_handler = SIG_DFL};
  sigemptyset(&action.sa_mask);
  real_sigaction(signal, &action, NULL);
}

/// With the information given, which the kernel lets a process forge for itself.
static void send_to_this_thread(int signal, siginfo_t *info) {
  syscall(SYS_rt_tgsigqueueinfo, getpid(), (pid_t)syscall(SYS_gettid), signal, info);
}

/// Does with a SIGILL what the program has asked for.
static void hand_on(siginfo_t *info, void *context) {
  struct sigaction action = program_action_take();
  bool by_instruction = info->si_code > 0;
  if (action.sa_handler == SIG_IGN && !by_instruction) return;
  if (action.sa_handler == SIG_DFL || action.sa_handler == SIG_IGN) {
    set_default(SIGILL);
    // The instruction is executed again, and ends the process.
    if (!by_instruction) send_to_this_thread(SIGILL, info);
    return;
  }
  // At its return the kernel sets the mask back. Only SIGILL itself is never blocked.
  sigdelset(&action.sa_mask, SIGILL);
  real_sigmask(SIG_BLOCK, &action.sa_mask, NULL);
  // By the calling convention a handler of one argument ignores the others.
  action.sa_sigaction(SIGILL, info, context);
}

/// Raises the SIGSEGV of a #GP as the kernel does, at the instruction: the signal waits until this
/// handler has returned there. One that the program ignores or blocks ends it.
static void raise_general_protection(ucontext_t *context) {
  struct sigaction action;
  real_sigaction(SIGSEGV, NULL, &action);
  bool blocked = sigismember(&context->uc_sigmask, SIGSEGV) == 1;
  if (action.sa_handler == SIG_DFL || action.sa_handler == SIG_IGN || blocked) {
    set_default(SIGSEGV);
    sigdelset(&context->uc_sigmask, SIGSEGV);
  }
  sigset_t violation;
  sigemptyset(&violation);
  sigaddset(&violation, SIGSEGV);
  real_sigmask(SIG_BLOCK, &violation, NULL);
  siginfo_t info;
  memset(&info, 0, sizeof info);
  info.si_signo = SIGSEGV;
  info.si_code = SI_KERNEL;
  send_to_this_thread(SIGSEGV, &info);
}

/// Executes the tile instructions from where the thread is, as many as follow each other: a signal
/// takes far longer than any of them. False if the first that is not executed raises SIGILL.
static bool execute_tile_instructions(siginfo_t *info, ucontext_t *context) {
  greg_t *registers = context->uc_mcontext.gregs;
  struct TileInstruction instruction;
  bool executed = false;
  while (tile_instruction_decode((const uint8_t *)registers[REG_RIP], registers, &instruction)) {
    struct TileFault fault = tile_execute(&instruction);
    if (fault.kind != TileFaultNone) {
      report(&instruction, fault.reason);
      info->si_addr = (void *)registers[REG_RIP];
      if (fault.kind == TileFaultInvalidOpcode) return false;
      raise_general_protection(context);
      return true;
    }
    registers[REG_RIP] += instruction.length;
    executed = true;
  }
  return executed;
}

static void handle(int signal, siginfo_t *info, void *interrupted) {
  (void)signal;
  // A positive code means an instruction, and not another process or the program itself.
  bool by_instruction = info->si_code > 0;
  if (by_instruction && execute_tile_instructions(info, interrupted)) return;
  hand_on(info, interrupted);
}

static bool cpu_has_tiles(void) {
  enum { extended_features = 7, amx_tile = 1 << 24 };
  unsigned a, b, c, d;
  return __get_cpuid_count(extended_features, 0, &a, &b, &c, &d) && (d & amx_tile) != 0;
}

__attribute__((constructor)) static void start(void) {
  __builtin_cpu_init();
  if (cpu_has_tiles() || !__builtin_cpu_supports("avx512f")) return;
  program_action_replace(handle);
  atomic_store(&emulates, true);
}

#endif
