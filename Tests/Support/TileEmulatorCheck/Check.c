#define _GNU_SOURCE
#if defined(__x86_64__)
#include "Check.h"

#include <cpuid.h>
#include <immintrin.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static atomic_int failures;

void check(bool holds, const char *format, ...) {
  if (holds) return;
  atomic_fetch_add(&failures, 1);
  char line[256];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(line, sizeof line, format, arguments);
  va_end(arguments);
  printf("failed: %s\n", line);
}

int failed_checks(void) { return atomic_load(&failures); }

bool request_tiles(void) {
  enum { request_permission = 0x1023, tile_data_state = 18 };
  return syscall(SYS_arch_prctl, request_permission, tile_data_state) == 0;
}

bool cpu_has_tiles(void) {
  enum { extended_features = 7, amx_tile = 1 << 24 };
  unsigned a, b, c, d;
  return __get_cpuid_count(extended_features, 0, &a, &b, &c, &d) && (d & amx_tile) != 0;
}

__attribute__((target("amx-tile"))) void configure(const struct TileShape shapes[8]) {
  _Alignas(64) uint8_t bytes[64] = {1};
  for (int tile = 0; tile < 8; tile++) {
    bytes[16 + 2 * tile] = (uint8_t)shapes[tile].row_bytes;
    bytes[48 + tile] = (uint8_t)shapes[tile].rows;
  }
  _tile_loadconfig(bytes);
}

uint32_t next_random(uint32_t *state) {
  *state ^= *state << 13;
  *state ^= *state >> 17;
  *state ^= *state << 5;
  return *state;
}

void fill_randomly(void *bytes, size_t count, uint32_t *state) {
  uint8_t *byte = bytes;
  for (size_t i = 0; i < count; i++) byte[i] = (uint8_t)(next_random(state) >> 8);
}

#endif
