#define _GNU_SOURCE
#if defined(__x86_64__)
#include "Check.h"

#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

void check_system_calls(void) {
  check(syscall(SYS_getpid) == getpid(), "syscall without arguments");
  errno = 0;
  check(syscall(SYS_close, -1) == -1 && errno == EBADF, "syscall sets errno");
  int page = getpagesize();
  int protection = PROT_READ | PROT_WRITE, flags = MAP_PRIVATE | MAP_ANONYMOUS;
  long mapped = syscall(SYS_mmap, NULL, (long)page, protection, flags, -1, 0L);
  check(mapped > 0, "syscall with six arguments");
  if (mapped > 0) {
    *(volatile int *)mapped = 1;
    check(munmap((void *)mapped, (size_t)page) == 0, "what it mapped is unmapped");
  }
  enum { get_fs = 0x1003, request_permission = 0x1023 };
  uintptr_t block = 0;
  check(syscall(SYS_arch_prctl, get_fs, &block) == 0, "other requests of arch_prctl succeed");
  check(block == (uintptr_t)__builtin_thread_pointer(), "and are answered by the kernel");
  check(syscall(SYS_arch_prctl, request_permission, 63) == -1, "another state is refused");
}

#endif
