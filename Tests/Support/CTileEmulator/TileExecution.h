#ifndef TILE_EXECUTION_H
#define TILE_EXECUTION_H

#include "TileInstruction.h"

#pragma GCC visibility push(hidden)

enum TileFaultKind {
  TileFaultNone,
  /// #UD, which Linux reports as SIGILL.
  TileFaultInvalidOpcode,
  /// #GP, which Linux reports as SIGSEGV.
  TileFaultGeneralProtection,
};

struct TileFault {
  enum TileFaultKind kind;
  /// Why, in words; null without a fault.
  const char *reason;
};

/// Lets this process use tile data, as the kernel does on request.
void tile_permit(void);

/// Executes the instruction on the calling thread's tiles. With a fault nothing has changed.
struct TileFault tile_execute(const struct TileInstruction *instruction);

#pragma GCC visibility pop

#endif
