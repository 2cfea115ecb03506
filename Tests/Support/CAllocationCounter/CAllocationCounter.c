#define _GNU_SOURCE
#include "CAllocationCounter.h"

#include <errno.h>
#include <link.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

// glibc exports its allocator under these names too, so that a front can call it.
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *block, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

// One count per thread, so that tests on other threads do not disturb it. The model forbids a lazily
// allocated block, which would call malloc in malloc.
#define PER_THREAD static _Thread_local __attribute__((tls_model("initial-exec")))

PER_THREAD unsigned long own_calls;
PER_THREAD unsigned long blas_calls;

unsigned long allocation_count(void) { return own_calls; }

unsigned long blas_allocation_count(void) { return blas_calls; }

// Where OpenBLAS's code lies; empty if it is not a library of its own.
static uintptr_t blas_start = UINTPTR_MAX;
static uintptr_t blas_end;

static int find_blas(struct dl_phdr_info *library, size_t size, void *unused) {
  (void)size;
  (void)unused;
  if (strstr(library->dlpi_name, "openblas") == NULL) return 0;
  for (int index = 0; index < library->dlpi_phnum; index++) {
    const ElfW(Phdr) *segment = &library->dlpi_phdr[index];
    if (segment->p_type != PT_LOAD) continue;
    uintptr_t start = library->dlpi_addr + segment->p_vaddr;
    uintptr_t end = start + segment->p_memsz;
    if (start < blas_start) blas_start = start;
    if (end > blas_end) blas_end = end;
  }
  return 1;
}

__attribute__((constructor)) static void locate_blas(void) { dl_iterate_phdr(find_blas, NULL); }

// A sanitizer has an allocator of its own, which no front may stand before: nothing is counted then.
#if !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer)

static void count(const void *caller) {
  uintptr_t address = (uintptr_t)caller;
  if (address >= blas_start && address < blas_end) {
    blas_calls += 1;
  } else {
    own_calls += 1;
  }
}

void *malloc(size_t size) {
  count(__builtin_return_address(0));
  return __libc_malloc(size);
}

void *calloc(size_t n, size_t size) {
  count(__builtin_return_address(0));
  return __libc_calloc(n, size);
}

void *realloc(void *block, size_t size) {
  count(__builtin_return_address(0));
  return __libc_realloc(block, size);
}

void *memalign(size_t alignment, size_t size) {
  count(__builtin_return_address(0));
  return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
  count(__builtin_return_address(0));
  return __libc_memalign(alignment, size);
}

int posix_memalign(void **block, size_t alignment, size_t size) {
  count(__builtin_return_address(0));
  *block = __libc_memalign(alignment, size);
  return *block == NULL ? ENOMEM : 0;
}

#endif
