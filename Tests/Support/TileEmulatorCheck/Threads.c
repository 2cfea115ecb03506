#define _GNU_SOURCE
#if defined(__x86_64__)
#include "Check.h"
#include "Products.h"

#include <immintrin.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>

/// Every thread has a shape of its own and blocks all signals, as helper threads do.
__attribute__((target("amx-tile,amx-bf16"))) static void *multiply_often(void *number) {
  uint32_t random = 100 + (uint32_t)(uintptr_t)number;
  unsigned rows = 1 + random % 16, columns = 1 + random * 5 % 16, pairs = 1 + random * 3 % 16;
  struct TileShape shapes[8] = {{rows, 4 * columns}, {rows, 4 * pairs}, {pairs, 4 * columns}};
  uint16_t first[16][32], second[16][32];
  for (int i = 0; i < 16; i++) {
    for (int j = 0; j < 32; j++) {
      first[i][j] = random_bfloat16(&random);
      second[i][j] = random_bfloat16(&random);
    }
  }
  float expected[16][16] = {0}, found[16][16] = {0};
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, NULL);
  configure(shapes);
  _tile_loadd(1, first, 64);
  _tile_loadd(2, second, 64);
  for (int time = 0; time < 300; time++) {
    _tile_dpbf16ps(0, 1, 2);
    add_product(expected, first, second, rows, columns, pairs);
  }
  _tile_stored(0, found, 64);
  check(same_floats(&found[0][0], &expected[0][0], 256), "products on thread %u",
        (unsigned)(uintptr_t)number);
  _tile_release();
  return NULL;
}

void check_threads(void) {
  enum { thread_count = 8 };
  pthread_t threads[thread_count];
  for (uintptr_t i = 0; i < thread_count; i++) {
    int error = pthread_create(&threads[i], NULL, multiply_often, (void *)i);
    check(error == 0, "a thread starts: error %d", error);
    if (error != 0) return;
  }
  for (int i = 0; i < thread_count; i++) pthread_join(threads[i], NULL);
}

#endif
