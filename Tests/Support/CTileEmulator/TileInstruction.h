#ifndef TILE_INSTRUCTION_H
#define TILE_INSTRUCTION_H

#include <stdbool.h>
#include <stdint.h>
#include <ucontext.h>

#pragma GCC visibility push(hidden)

enum TileOperation {
  TileOperationLoadConfiguration,
  TileOperationStoreConfiguration,
  TileOperationRelease,
  TileOperationZero,
  TileOperationLoad,
  TileOperationLoadStreamed,
  TileOperationStore,
  TileOperationMultiply,
};

/// A decoded instruction; fields that its operation does not have are zero.
struct TileInstruction {
  enum TileOperation operation;
  /// Bytes of machine code.
  unsigned length;
  /// Tile numbers, 0 to 15; more than 7 do not exist. The first is the only or the destination.
  unsigned tile, first_source, second_source;
  /// Of the configuration, or of a tile's row 0.
  uintptr_t address;
  /// Bytes from row to row in memory.
  uintptr_t stride;
};

/// Intel's mnemonic.
const char *tile_operation_name(enum TileOperation operation);

/// Decodes the machine code at `code`, with addresses made of the registers' values. False, with
/// `instruction` undefined, if it is no tile instruction, or one with fields that make it illegal.
/// No byte beyond the instruction is read.
bool tile_instruction_decode(const uint8_t *code, const gregset_t registers,
                             struct TileInstruction *instruction);

#pragma GCC visibility pop

#endif
