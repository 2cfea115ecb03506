#define _GNU_SOURCE
#if defined(__x86_64__)
#include "Check.h"
#include "Faults.h"

#include <immintrin.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

__attribute__((target("amx-tile"))) static void load(void *bytes) { _tile_loadconfig(bytes); }

__attribute__((target("amx-tile"), noinline)) static void check_shapes(void) {
  uint32_t random = 5;
  uint8_t memory[16][64], expected[16][64], found[16][64];
  for (unsigned rows = 1; rows <= 16; rows++) {
    for (unsigned row_bytes = 4; row_bytes <= 64; row_bytes += 4) {
      struct TileShape shapes[8] = {0};
      shapes[6] = (struct TileShape){rows, row_bytes};
      configure(shapes);
      fill_randomly(memory, sizeof memory, &random);
      fill_randomly(found, sizeof found, &random);
      memcpy(expected, found, sizeof found);
      for (unsigned row = 0; row < rows; row++) memcpy(expected[row], memory[row], row_bytes);
      _tile_loadd(6, memory, 64);
      _tile_stored(6, found, 64);
      check(memcmp(expected, found, sizeof found) == 0, "a tile of %u rows of %u bytes", rows,
            row_bytes);
      _tile_zero(6);
      for (unsigned row = 0; row < rows; row++) memset(expected[row], 0, row_bytes);
      _tile_stored(6, found, 64);
      check(memcmp(expected, found, sizeof found) == 0, "tilezero, %u rows of %u bytes", rows,
            row_bytes);
    }
  }
}

__attribute__((target("amx-tile"), noinline)) static void check_initial_state(void) {
  static const struct TileShape shapes[8] = {{16, 64}, {16, 64}};
  uint8_t memory[16][64], zero[16][64] = {0};
  uint32_t random = 6;
  configure(shapes);
  fill_randomly(memory, sizeof memory, &random);
  _tile_loadd(1, memory, 64);
  configure(shapes);
  _tile_stored(1, memory, 64);
  check(memcmp(memory, zero, sizeof zero) == 0, "a configuration zeroes the tiles");
  _tile_release();
  memset(memory, 0xff, sizeof memory);
  _tile_storeconfig(memory);
  check(memcmp(memory, zero, 64) == 0, "tilerelease leaves no configuration");
  configure(shapes);
  load(zero);
  memset(memory, 0xff, sizeof memory);
  _tile_storeconfig(memory);
  check(memcmp(memory, zero, 64) == 0, "palette 0 leaves no configuration");
}

/// A load or store begins at start_row, once.
__attribute__((target("amx-tile"), noinline)) static void check_start_row(void) {
  uint8_t memory[4][64], found[4][64];
  uint8_t configuration[64] = {1, 2};
  configuration[16] = 64;
  configuration[48] = 4;
  memset(memory, 7, sizeof memory);
  load(configuration);
  _tile_loadd(0, memory, 64);
  _tile_stored(0, found, 64);
  check(found[1][63] == 0 && found[2][0] == 7, "a load begins at start_row");
  load(configuration);
  memset(found, 9, sizeof found);
  _tile_stored(0, found, 64);
  check(found[1][63] == 9 && found[2][0] == 0, "a store begins at start_row");
  _tile_storeconfig(found);
  check(found[0][1] == 0, "start_row is zero after a store");
}

static void check_refused(void) {
  static const struct {
    const char *what;
    uint8_t position, value;
  } cases[] = {
      {"palette 2", 0, 2},
      {"a reserved byte", 15, 1},
      {"bytes of a ninth tile", 32, 4},
      {"bytes of a sixteenth tile", 47, 1},
      {"rows of a ninth tile", 56, 1},
      {"rows of a sixteenth tile", 63, 1},
      {"65 bytes in a row", 16, 65},
      {"257 bytes in a row", 17, 1},
      {"17 rows", 48, 17},
      {"rows without bytes", 49, 1},
      {"bytes without rows", 18, 4},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    uint8_t configuration[64] = {1};
    configuration[16] = configuration[48] = 1;
    load(configuration);
    configuration[cases[i].position] = cases[i].value;
    int raised = signal_raised_by(load, configuration);
    check(raised == SIGSEGV, "%s in a configuration raises signal %d", cases[i].what, raised);
  }
}

__attribute__((target("amx-tile"))) static void zero_tile_2(void *unused) {
  (void)unused;
  _tile_zero(2);
}

__attribute__((target("amx-tile"))) static void load_tile_2(void *memory) {
  _tile_loadd(2, memory, 64);
}

static void load_tile_9(void *memory) {
  // tileloadd (%rdi), with VEX.R for tile 9.
  __asm__ volatile(".byte 0xc4, 0x62, 0x7b, 0x4b, 0x0c, 0x27" : : "D"(memory) : "memory");
}

__attribute__((target("amx-tile"))) static void store_tile_2(void *memory) {
  _tile_stored(2, memory, 64);
}

__attribute__((target("amx-tile,amx-bf16"))) static void multiply_0_1_2(void *unused) {
  (void)unused;
  _tile_dpbf16ps(0, 1, 2);
}

static void multiply_0_1_1(void *unused) {
  (void)unused;
  // tdpbf16ps %tmm1, %tmm1, %tmm0, which assemblers refuse.
  __asm__ volatile(".byte 0xc4, 0xe2, 0x72, 0x5c, 0xc1");
}

static void check_misuse(void) {
  static uint8_t memory[16 * 64];
  static const struct TileShape none[8] = {{4, 16}};
  static const struct {
    const char *what;
    void (*use)(void *);
    struct TileShape shapes[8];
  } cases[] = {
      {"tilezero of a tile without shape", zero_tile_2, {{4, 16}}},
      {"tileloadd of a tile without shape", load_tile_2, {{4, 16}}},
      {"tilestored of a tile without shape", store_tile_2, {{4, 16}}},
      {"tileloadd of 18 bytes", load_tile_2, {{4, 16}, {4, 16}, {4, 18}}},
      {"tilestored of 18 bytes", store_tile_2, {{4, 16}, {4, 16}, {4, 18}}},
      {"tileloadd of tile 9", load_tile_9, {{4, 16}, {4, 16}}},
      {"a product of a tile without shape", multiply_0_1_2, {{4, 16}, {4, 16}}},
      {"a product of a tile with itself", multiply_0_1_1, {{4, 16}, {4, 16}}},
      {"a product of 3 by 4 rows", multiply_0_1_2, {{3, 16}, {4, 16}, {4, 16}}},
      {"a product of 12 by 16 bytes", multiply_0_1_2, {{4, 12}, {4, 16}, {4, 16}}},
      {"a product of 4 pairs by 5", multiply_0_1_2, {{4, 16}, {4, 16}, {5, 16}}},
      {"a product of 18 bytes", multiply_0_1_2, {{4, 18}, {4, 16}, {4, 18}}},
  };
  configure(none);
  check(signal_raised_by(zero_tile_2, NULL) == SIGILL, "tilezero without shape raises SIGILL");
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    configure(cases[i].shapes);
    int raised = signal_raised_by(cases[i].use, memory);
    check(raised == SIGILL, "%s raises signal %d", cases[i].what, raised);
  }
  uint8_t late[64] = {1, 4};
  late[20] = 64;
  late[50] = 4;
  load(late);
  check(signal_raised_by(load_tile_2, memory) == SIGILL, "start_row beyond the tile raises SIGILL");
  uint8_t released[64] = {0};
  load(released);
  check(signal_raised_by(zero_tile_2, NULL) == SIGILL, "tilezero after palette 0 raises SIGILL");
  check(signal_raised_by(store_tile_2, memory) == SIGILL,
        "tilestored after palette 0 raises SIGILL");
}

void check_configurations(void) {
  check_shapes();
  check_initial_state();
  check_start_row();
  check_refused();
  check_misuse();
}

#endif
