#define _GNU_SOURCE
#include "Platform.h"
#if HAS_TILE_EMULATOR
#include "IllegalInstruction.h"
#include "TileExecution.h"

#include <errno.h>
#include <stdarg.h>
#include <sys/syscall.h>
#include <unistd.h>

/// `asm/prctl.h` of older kernels lacks the request, and the C library's headers lack the state.
enum { request_permission = 0x1023, tile_data_state = 18, largest_error = 4095 };

/// Interposed before the C library's: grants tile data, and passes all else on to the kernel.
///
/// As there, all six arguments are fetched, of which the kernel reads those that the call has.
long syscall(long number, ...) {
  va_list arguments;
  va_start(arguments, number);
  long first = va_arg(arguments, long), second = va_arg(arguments, long);
  long third = va_arg(arguments, long), fourth = va_arg(arguments, long);
  long fifth = va_arg(arguments, long), sixth = va_arg(arguments, long);
  va_end(arguments);

  if (number == SYS_arch_prctl && (int)first == request_permission && second == tile_data_state &&
      emulates_tiles()) {
    tile_permit();
    return 0;
  }

  register long r10 __asm__("r10") = fourth;
  register long r8 __asm__("r8") = fifth;
  register long r9 __asm__("r9") = sixth;
  long result;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(first), "S"(second), "d"(third), "r"(r10), "r"(r8), "r"(r9)
                   : "rcx", "r11", "memory");
  if (result < 0 && result >= -largest_error) {
    errno = (int)-result;
    return -1;
  }
  return result;
}

#endif
