#define _GNU_SOURCE
#include "Platform.h"
#if HAS_TILE_EMULATOR
#include "TileExecution.h"

#include "TileProduct.h"
#include "TileState.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

// The model forbids a block that is allocated at its first use, which would be in a signal handler.
static _Thread_local __attribute__((tls_model("initial-exec"))) struct TileState state;

static atomic_bool permitted;

void tile_permit(void) { atomic_store(&permitted, true); }

static const struct TileFault no_fault = {TileFaultNone, NULL};

static struct TileFault invalid_opcode(const char *reason) {
  return (struct TileFault){TileFaultInvalidOpcode, reason};
}

static struct TileFault general_protection(const char *reason) {
  return (struct TileFault){TileFaultGeneralProtection, reason};
}

static bool all_zero(const void *bytes, size_t count) {
  const uint8_t *byte = bytes;
  for (size_t i = 0; i < count; i++) {
    if (byte[i] != 0) return false;
  }
  return true;
}

static struct TileFault load_configuration(const void *address) {
  struct TileConfiguration new;
  memcpy(&new, address, sizeof new);
  if (new.palette == 0) {
    memset(&state, 0, sizeof state);
    return no_fault;
  }
  if (new.palette != 1) return general_protection("the palette is neither 0 nor 1");
  size_t spare = 16 - tile_count;
  if (!all_zero(new.reserved, sizeof new.reserved) ||
      !all_zero(new.row_bytes + tile_count, spare * sizeof *new.row_bytes) ||
      !all_zero(new.rows + tile_count, spare * sizeof *new.rows)) {
    return general_protection("reserved bytes of the configuration are not zero");
  }
  for (unsigned tile = 0; tile < tile_count; tile++) {
    if (new.row_bytes[tile] > tile_row_bytes) {
      return general_protection("a row of a tile has more than 64 bytes");
    }
    if (new.rows[tile] > tile_rows) return general_protection("a tile has more than 16 rows");
    if ((new.row_bytes[tile] == 0) != (new.rows[tile] == 0)) {
      return general_protection("a tile has rows without bytes, or bytes without rows");
    }
  }
  memset(&state, 0, sizeof state);
  state.configuration = new;
  return no_fault;
}

/// No fault for a tile that can be used.
static struct TileFault check_tile(unsigned tile) {
  if (state.configuration.palette == 0) return invalid_opcode("no tiles are configured");
  if (tile >= tile_count) return invalid_opcode("there are only eight tiles");
  if (state.configuration.rows[tile] == 0) return invalid_opcode("the tile is not configured");
  return no_fault;
}

static struct TileFault zero_tile(unsigned tile) {
  struct TileFault fault = check_tile(tile);
  if (fault.kind != TileFaultNone) return fault;
  memset(state.tiles[tile], 0, sizeof state.tiles[tile]);
  state.configuration.start_row = 0;
  return no_fault;
}

static const char odd_row_bytes[] = "the bytes of a tile's rows are not a multiple of four";

/// Rows before start_row have been transferred by an earlier attempt, and are kept.
static struct TileFault transfer(const struct TileInstruction *instruction) {
  unsigned tile = instruction->tile;
  struct TileFault fault = check_tile(tile);
  if (fault.kind != TileFaultNone) return fault;
  unsigned start = state.configuration.start_row, rows = state.configuration.rows[tile];
  size_t bytes = state.configuration.row_bytes[tile];
  if (bytes % 4 != 0) return invalid_opcode(odd_row_bytes);
  if (start >= rows) return invalid_opcode("the configuration's start_row is beyond the tile");

  for (unsigned row = start; row < rows; row++) {
    void *memory = (void *)(instruction->address + row * instruction->stride);
    if (instruction->operation == TileOperationStore) {
      memcpy(memory, state.tiles[tile][row], bytes);
    } else {
      memcpy(state.tiles[tile][row], memory, bytes);
    }
  }
  state.configuration.start_row = 0;
  return no_fault;
}

static struct TileFault multiply(const struct TileInstruction *instruction) {
  unsigned destination = instruction->tile;
  unsigned first = instruction->first_source, second = instruction->second_source;
  const unsigned operands[3] = {destination, first, second};
  for (int i = 0; i < 3; i++) {
    struct TileFault fault = check_tile(operands[i]);
    if (fault.kind != TileFaultNone) return fault;
  }
  if (destination == first || destination == second || first == second) {
    return invalid_opcode("two of its tiles are the same");
  }
  const uint16_t *bytes = state.configuration.row_bytes;
  const uint8_t *rows = state.configuration.rows;
  if (bytes[destination] % 4 != 0 || bytes[first] % 4 != 0 || bytes[second] % 4 != 0) {
    return invalid_opcode(odd_row_bytes);
  }
  if (rows[destination] != rows[first]) {
    return invalid_opcode("destination and first source differ in rows");
  }
  if (bytes[destination] != bytes[second]) {
    return invalid_opcode("destination and second source differ in the bytes of a row");
  }
  if (bytes[first] / 4 != rows[second]) {
    return invalid_opcode("the first source's pairs in a row are not the second one's rows");
  }
  tile_add_product(state.tiles[destination], state.tiles[first], state.tiles[second],
                   rows[destination], bytes[destination] / 4, rows[second]);
  state.configuration.start_row = 0;
  return no_fault;
}

/// Whether the kernel stops a process that was not given permission: all but two instructions
/// need the tile data.
static bool needs_permission(enum TileOperation operation) {
  return operation != TileOperationStoreConfiguration && operation != TileOperationRelease;
}

struct TileFault tile_execute(const struct TileInstruction *instruction) {
  if (needs_permission(instruction->operation) && !atomic_load(&permitted)) {
    return invalid_opcode("tile data were not asked for by arch_prctl(ARCH_REQ_XCOMP_PERM, 18)");
  }
  switch (instruction->operation) {
    case TileOperationLoadConfiguration:
      return load_configuration((const void *)instruction->address);
    case TileOperationStoreConfiguration:
      memcpy((void *)instruction->address, &state.configuration, sizeof state.configuration);
      return no_fault;
    case TileOperationRelease: memset(&state, 0, sizeof state); return no_fault;
    case TileOperationZero: return zero_tile(instruction->tile);
    case TileOperationLoad:
    case TileOperationLoadStreamed:
    case TileOperationStore: return transfer(instruction);
    case TileOperationMultiply: return multiply(instruction);
  }
  return no_fault;
}

#endif
