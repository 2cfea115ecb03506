#define _GNU_SOURCE
#include "CMemoryFile.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

int cmemory_file_create(const char *name) { return memfd_create(name, MFD_CLOEXEC); }

int cmemory_file_grow(int descriptor, int64_t bytes) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_FSIZE, &limit) != 0) return -1;
  if (limit.rlim_cur != RLIM_INFINITY && (rlim_t)bytes > limit.rlim_cur) {
    errno = EFBIG;
    return -1;
  }
  return ftruncate(descriptor, bytes);
}
