#define _GNU_SOURCE
#if defined(__x86_64__)
#include "Check.h"

#include <immintrin.h>
#include <string.h>

// Every register as base and as index, every scale, every length of displacement, every tile.

/// The kernel writes a signal's frame below the stack pointer, which one form points into this.
static _Alignas(64) uint8_t memory[1 << 17];
enum { middle = 1 << 16, rows = 5, row_bytes = 24 };

static const struct TileShape shapes[8] = {{rows, row_bytes}, {rows, row_bytes}, {rows, row_bytes},
                                           {rows, row_bytes}, {rows, row_bytes}, {rows, row_bytes},
                                           {rows, row_bytes}, {rows, row_bytes}};

/// Rows of `row_bytes` from `base` on, `stride` bytes apart, are what `packed` has one by one.
static bool equals(const uint8_t *base, ptrdiff_t stride, const uint8_t *packed) {
  for (int row = 0; row < rows; row++) {
    if (memcmp(base + row * stride, packed + row * row_bytes, row_bytes) != 0) return false;
  }
  return true;
}

#define CLOBBERED                                                                                  \
  "rax", "rbx", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14",         \
      "r15", "xmm4", "xmm5", "memory"

/// Executes INSTRUCTION with BASE and INDEX holding `base` and `index`. Stack and frame pointer,
/// which may be among them, are kept in vector registers meanwhile.
#define WITH_REGISTERS(BASE, INDEX, INSTRUCTION)                                                   \
  do {                                                                                             \
    register __m128i base_value __asm__("xmm2") = _mm_cvtsi64_si128((long long)base);              \
    register __m128i index_value __asm__("xmm3") = _mm_cvtsi64_si128((long long)index);            \
    __asm__ volatile("movq %%rsp, %%xmm4\n\tmovq %%rbp, %%xmm5\n\t"                                \
                     "movq %0, %%" BASE "\n\tmovq %1, %%" INDEX "\n\t" INSTRUCTION "\n\t"          \
                     "movq %%xmm4, %%rsp\n\tmovq %%xmm5, %%rbp"                                    \
                     :                                                                             \
                     : "x"(base_value), "x"(index_value)                                           \
                     : CLOBBERED);                                                                 \
  } while (0)

/// Loads tile TILE by the form under test and stores it by the plain one, and the other way round.
#define CHECK_FORM(BASE, INDEX, SCALE, DISPLACEMENT, TILE)                                         \
  do {                                                                                             \
    const char *form = #DISPLACEMENT "(%" BASE ",%" INDEX "," #SCALE "), tmm" #TILE;               \
    uint8_t packed[rows * row_bytes];                                                              \
    uint8_t *base = memory + middle - DISPLACEMENT;                                                \
    ptrdiff_t index = 40, stride = index * SCALE;                                                  \
    fill_randomly(memory + middle, rows * 40 * 8, &random);                                        \
    WITH_REGISTERS(BASE, INDEX,                                                                    \
                   "tileloadd " #DISPLACEMENT "(%%" BASE ",%%" INDEX "," #SCALE "), %%tmm" #TILE); \
    _tile_stored(TILE, packed, row_bytes);                                                         \
    check(equals(memory + middle, stride, packed), "tileloadd %s", form);                          \
    _tile_zero(TILE);                                                                              \
    WITH_REGISTERS(BASE, INDEX,                                                                    \
                   "tileloaddt1 " #DISPLACEMENT "(%%" BASE ",%%" INDEX "," #SCALE                  \
                   "), %%tmm" #TILE);                                                              \
    _tile_stored(TILE, packed, row_bytes);                                                         \
    check(equals(memory + middle, stride, packed), "tileloaddt1 %s", form);                        \
    fill_randomly(packed, sizeof packed, &random);                                                 \
    _tile_loadd(TILE, packed, row_bytes);                                                          \
    uint8_t between = memory[middle + row_bytes];                                                  \
    WITH_REGISTERS(BASE, INDEX,                                                                    \
                   "tilestored %%tmm" #TILE ", " #DISPLACEMENT "(%%" BASE ",%%" INDEX              \
                   "," #SCALE ")");                                                                \
    check(equals(memory + middle, stride, packed), "tilestored %s", form);                         \
    check(memory[middle + row_bytes] == between, "tilestored %s writes between rows", form);       \
  } while (0)

__attribute__((target("amx-tile"), noinline)) static void check_bases(void) {
  uint32_t random = 1;
  configure(shapes);
  CHECK_FORM("rax", "rcx", 1, 0, 0);
  CHECK_FORM("rcx", "rdx", 2, 0, 1);
  CHECK_FORM("rdx", "rbx", 4, 0, 2);
  CHECK_FORM("rbx", "rbp", 8, 0, 3);
  CHECK_FORM("rsp", "rsi", 1, 0, 4);
  CHECK_FORM("rbp", "rdi", 2, 0, 5);
  CHECK_FORM("rsi", "r8", 4, 0, 6);
  CHECK_FORM("rdi", "r9", 8, 0, 7);
  CHECK_FORM("r8", "r10", 1, 0, 0);
  CHECK_FORM("r9", "r11", 2, 0, 1);
  CHECK_FORM("r10", "r12", 4, 0, 2);
  CHECK_FORM("r11", "r13", 8, 0, 3);
  CHECK_FORM("r12", "r14", 1, 0, 4);
  CHECK_FORM("r13", "r15", 2, 0, 5);
  CHECK_FORM("r14", "rax", 4, 0, 6);
  CHECK_FORM("r15", "rcx", 8, 0, 7);
}

__attribute__((target("amx-tile"), noinline)) static void check_displacements(void) {
  uint32_t random = 2;
  configure(shapes);
  CHECK_FORM("rax", "r8", 1, 127, 7);
  CHECK_FORM("rbp", "r12", 2, -128, 6);
  CHECK_FORM("rsp", "rbp", 4, 64, 5);
  CHECK_FORM("r12", "rdx", 8, -1, 4);
  CHECK_FORM("r13", "rcx", 1, 40, 3);
  CHECK_FORM("rdi", "rsi", 1, 128, 2);
  CHECK_FORM("rbp", "rax", 2, -129, 1);
  CHECK_FORM("rsp", "r15", 4, 4096, 0);
  CHECK_FORM("r13", "r14", 8, -4660, 1);
  CHECK_FORM("r9", "rbx", 1, 30000, 2);
}

/// Without an index the stride is zero: all rows are the first one.
__attribute__((target("amx-tile"), noinline)) static void check_without_index(void) {
  uint32_t random = 3;
  uint8_t packed[rows * row_bytes];
  configure(shapes);
  fill_randomly(memory + middle, 4096, &random);
  __asm__ volatile("tileloadd 8(%0), %%tmm4" : : "b"(memory + middle) : "memory");
  _tile_stored(4, packed, row_bytes);
  check(equals(memory + middle + 8, 0, packed), "tileloadd without index");
}

/// Without a base the address is the displacement alone, and the index still only the stride.
__attribute__((target("amx-tile"), noinline)) static void check_without_base(void) {
  uint8_t packed[rows * row_bytes];
  configure(shapes);
  // With FS as segment, the displacement 0 is the start of the thread's block.
  uint8_t *block = __builtin_thread_pointer();
  __asm__ volatile("tileloadd %%fs:0(,%0,1), %%tmm2" : : "r"(8L) : "memory");
  _tile_stored(2, packed, row_bytes);
  check(equals(block, 8, packed), "tileloadd with FS and without base");
}

static _Alignas(64) uint8_t stored[64];
static _Thread_local uint8_t thread_local_configuration[64];

/// The configuration's operand has all forms of an address, with the index as part of it.
__attribute__((target("amx-tile"), noinline)) static void check_configuration_forms(void) {
  uint8_t *configuration = memory + middle;
  memset(configuration, 0, 64);
  configuration[0] = 1;
#define CHECK_CONFIGURATION(CHANGED, LOAD, STORE, NAME)                                            \
  do {                                                                                             \
    configuration[16] = configuration[48] = CHANGED;                                               \
    memset(stored, 0xff, sizeof stored);                                                           \
    LOAD;                                                                                          \
    STORE;                                                                                         \
    check(memcmp(stored, configuration, sizeof stored) == 0, "configuration %s", NAME);            \
  } while (0)
  uint8_t *base;
  ptrdiff_t index;
  base = configuration, index = 0;
  CHECK_CONFIGURATION(1, WITH_REGISTERS("rax", "rcx", "ldtilecfg (%%rax)"),
                      _tile_storeconfig(stored), "(%rax)");
  base = configuration - 8;
  CHECK_CONFIGURATION(2, WITH_REGISTERS("r12", "rcx", "ldtilecfg 8(%%r12)"),
                      _tile_storeconfig(stored), "8(%r12)");
  base = configuration;
  CHECK_CONFIGURATION(3, WITH_REGISTERS("r13", "rcx", "ldtilecfg (%%r13)"),
                      _tile_storeconfig(stored), "(%r13)");
  CHECK_CONFIGURATION(4, WITH_REGISTERS("rbp", "rcx", "ldtilecfg (%%rbp)"),
                      _tile_storeconfig(stored), "(%rbp)");
  CHECK_CONFIGURATION(5, WITH_REGISTERS("rsp", "rcx", "ldtilecfg (%%rsp)"),
                      _tile_storeconfig(stored), "(%rsp)");
  base = configuration + 1000;
  CHECK_CONFIGURATION(6, WITH_REGISTERS("r9", "rcx", "ldtilecfg -1000(%%r9)"),
                      _tile_storeconfig(stored), "-1000(%r9)");
  base = configuration - 7 * 8 - 3, index = 7;
  CHECK_CONFIGURATION(7, WITH_REGISTERS("r10", "r12", "ldtilecfg 3(%%r10,%%r12,8)"),
                      _tile_storeconfig(stored), "3(%r10,%r12,8)");
  base = NULL, index = (ptrdiff_t)configuration / 2;
  CHECK_CONFIGURATION(8, WITH_REGISTERS("rax", "r11", "ldtilecfg (,%%r11,2)"),
                      _tile_storeconfig(stored), "(,%r11,2)");
  CHECK_CONFIGURATION(9, _tile_loadconfig(configuration),
                      __asm__ volatile("sttilecfg %0" : "=m"(stored)), "sttilecfg (%rip)");
  base = stored - 64, index = 16;
  CHECK_CONFIGURATION(10, _tile_loadconfig(configuration),
                      WITH_REGISTERS("rdi", "r14", "sttilecfg (%%rdi,%%r14,4)"),
                      "sttilecfg (%rdi,%r14,4)");
  memcpy(stored, configuration, sizeof stored);
  stored[16] = stored[48] = 11;
  __asm__ volatile("ldtilecfg %0" : : "m"(stored));
  CHECK_CONFIGURATION(11, , _tile_storeconfig(stored), "ldtilecfg (%rip)");
  configuration[16] = configuration[48] = 12;
  memcpy(thread_local_configuration, configuration, 64);
  uint8_t *block = __builtin_thread_pointer();
  ptrdiff_t offset = thread_local_configuration - block;
  __asm__ volatile("ldtilecfg %%fs:(%0)" : : "r"(offset) : "memory");
  CHECK_CONFIGURATION(12, , _tile_storeconfig(stored), "%fs:");
#undef CHECK_CONFIGURATION
}

void check_addressing(void) {
  check_bases();
  check_displacements();
  check_without_index();
  check_without_base();
  check_configuration_forms();
}

#endif
