#define _GNU_SOURCE
#include "Platform.h"
#if HAS_TILE_EMULATOR
#include "TileInstruction.h"

#include <string.h>

const char *tile_operation_name(enum TileOperation operation) {
  switch (operation) {
    case TileOperationLoadConfiguration: return "LDTILECFG";
    case TileOperationStoreConfiguration: return "STTILECFG";
    case TileOperationRelease: return "TILERELEASE";
    case TileOperationZero: return "TILEZERO";
    case TileOperationLoad: return "TILELOADD";
    case TileOperationLoadStreamed: return "TILELOADDT1";
    case TileOperationStore: return "TILESTORED";
    case TileOperationMultiply: return "TDPBF16PS";
  }
  return "?";
}

/// Where the kernel keeps the register that machine code calls by the index.
static const int places[16] = {
    REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
    REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15,
};

/// The three bytes of a VEX prefix, of which R, X, B and vvvv are stored inverted:
/// C4, RXBmmmmm, WvvvvLpp.
struct Prefix {
  unsigned r, x, b, map, w, v, l, p;
};

/// Mandatory prefixes as the field pp counts them, and the opcode map 0F38.
enum { prefix_none = 0, prefix_66 = 1, prefix_f3 = 2, prefix_f2 = 3, map_0f38 = 2 };

static struct Prefix decode_prefix(const uint8_t *bytes) {
  return (struct Prefix){
      .r = (bytes[1] >> 7 & 1) ^ 1,
      .x = (bytes[1] >> 6 & 1) ^ 1,
      .b = (bytes[1] >> 5 & 1) ^ 1,
      .map = bytes[1] & 31,
      .w = bytes[2] >> 7,
      .v = (bytes[2] >> 3 & 15) ^ 15,
      .l = bytes[2] >> 2 & 1,
      .p = bytes[2] & 3,
  };
}

/// A memory operand; a part that it lacks counts as zero.
struct Operand {
  /// Base plus displacement.
  uintptr_t start;
  uintptr_t scaled_index;
  /// Bytes of ModRM, SIB and displacement.
  unsigned length;
  bool has_index_byte;
};

/// `bytes` begin with ModRM, whose mod is not 3. Relative to the instruction's end, RIP is
/// `bytes` + length, for none of the instructions has an immediate operand.
static struct Operand decode_operand(const uint8_t *bytes, struct Prefix prefix,
                                     const gregset_t registers) {
  unsigned mod = bytes[0] >> 6, rm = bytes[0] & 7;
  struct Operand operand = {.length = 1, .has_index_byte = rm == 4};
  unsigned base = rm;
  if (operand.has_index_byte) {
    uint8_t sib = bytes[operand.length++];
    base = sib & 7;
    unsigned index = (sib >> 3 & 7) | prefix.x << 3;
    if (index != 4) operand.scaled_index = (uintptr_t)registers[places[index]] << (sib >> 6);
  }

  // Without displacement, the number of RBP and R13 stands for an address without a register.
  bool no_base = mod == 0 && base == 5;
  int32_t displacement = 0;
  if (mod == 1) {
    displacement = (int8_t)bytes[operand.length];
    operand.length += 1;
  } else if (mod == 2 || no_base) {
    memcpy(&displacement, bytes + operand.length, sizeof displacement);
    operand.length += sizeof displacement;
  }

  operand.start = (uintptr_t)(intptr_t)displacement;
  if (!no_base) {
    operand.start += (uintptr_t)registers[places[base | prefix.b << 3]];
  } else if (!operand.has_index_byte) {
    operand.start += (uintptr_t)(bytes + operand.length);
  }
  return operand;
}

/// Opcode 49: the configuration in memory, or with mod 3 TILERELEASE and TILEZERO.
static bool decode_configuration(const uint8_t *modrm, struct Prefix prefix,
                                 const gregset_t registers, struct TileInstruction *instruction) {
  unsigned reg = modrm[0] >> 3 & 7, rm = modrm[0] & 7;
  if (modrm[0] >> 6 == 3) {
    instruction->length = 1;
    instruction->tile = reg | prefix.r << 3;
    instruction->operation = prefix.p == prefix_f2 ? TileOperationZero : TileOperationRelease;
    return prefix.p == prefix_f2 ? rm == 0 : prefix.p == prefix_none && reg == 0 && rm == 0;
  }
  if (prefix.p == prefix_none) {
    instruction->operation = TileOperationLoadConfiguration;
  } else if (prefix.p == prefix_66) {
    instruction->operation = TileOperationStoreConfiguration;
  } else {
    return false;
  }
  struct Operand operand = decode_operand(modrm, prefix, registers);
  instruction->address = operand.start + operand.scaled_index;
  instruction->length = operand.length;
  return reg == 0;
}

/// Opcode 4B: rows in memory, whose stride is the scaled index.
static bool decode_transfer(const uint8_t *modrm, struct Prefix prefix, const gregset_t registers,
                            struct TileInstruction *instruction) {
  if (modrm[0] >> 6 == 3) return false;
  switch (prefix.p) {
    case prefix_f2: instruction->operation = TileOperationLoad; break;
    case prefix_66: instruction->operation = TileOperationLoadStreamed; break;
    case prefix_f3: instruction->operation = TileOperationStore; break;
    default: return false;
  }
  struct Operand operand = decode_operand(modrm, prefix, registers);
  instruction->tile = (modrm[0] >> 3 & 7) | prefix.r << 3;
  instruction->address = operand.start;
  instruction->stride = operand.scaled_index;
  instruction->length = operand.length;
  return operand.has_index_byte;
}

/// Opcode 5C: the destination in ModRM's reg, the first source (rows) in its rm, the second one
/// (columns) in vvvv.
static bool decode_product(const uint8_t *modrm, struct Prefix prefix,
                           struct TileInstruction *instruction) {
  instruction->operation = TileOperationMultiply;
  instruction->tile = (modrm[0] >> 3 & 7) | prefix.r << 3;
  instruction->first_source = (modrm[0] & 7) | prefix.b << 3;
  instruction->second_source = prefix.v;
  instruction->length = 1;
  return modrm[0] >> 6 == 3 && prefix.p == prefix_f3;
}

static uintptr_t thread_pointer(void) {
  uintptr_t pointer;
  // The first word of a thread's block is its own address, by the ABI of thread-local storage.
  __asm__("mov %%fs:0, %0" : "=r"(pointer));
  return pointer;
}

bool tile_instruction_decode(const uint8_t *code, const gregset_t registers,
                             struct TileInstruction *instruction) {
  enum { fs_prefix = 0x64, vex_prefix = 0xc4, vex_bytes = 3, opcode_bytes = 1 };
  bool thread_local_operand = code[0] == fs_prefix;
  const uint8_t *vex = code + thread_local_operand;
  if (vex[0] != vex_prefix) return false;
  struct Prefix prefix = decode_prefix(vex);
  if (prefix.map != map_0f38 || prefix.w != 0 || prefix.l != 0) return false;

  uint8_t opcode = vex[vex_bytes];
  if (opcode != 0x5c && prefix.v != 0) return false;
  const uint8_t *modrm = vex + vex_bytes + opcode_bytes;
  *instruction = (struct TileInstruction){0};
  bool legal;
  switch (opcode) {
    case 0x49: legal = decode_configuration(modrm, prefix, registers, instruction); break;
    case 0x4b: legal = decode_transfer(modrm, prefix, registers, instruction); break;
    case 0x5c: legal = decode_product(modrm, prefix, instruction); break;
    default: return false;
  }
  instruction->length += thread_local_operand + vex_bytes + opcode_bytes;
  if (thread_local_operand) instruction->address += thread_pointer();
  return legal;
}

#endif
