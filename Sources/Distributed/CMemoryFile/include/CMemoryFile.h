#ifndef CMEMORYFILE_H
#define CMEMORYFILE_H

#include <stdint.h>

/// memfd_create, which Swift's Glibc does not declare: a file in memory and in no file system,
/// which lives until its last descriptor and mapping are gone. exec closes it. Returns -1 on
/// failure.
int cmemory_file_create(const char *name);

/// ftruncate that returns -1 with EFBIG beyond the limit of a file's size (RLIMIT_FSIZE), where the
/// signal of ftruncate would end the process.
int cmemory_file_grow(int descriptor, int64_t bytes);

#endif
