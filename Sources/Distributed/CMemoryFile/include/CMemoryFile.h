#ifndef CMEMORYFILE_H
#define CMEMORYFILE_H

#include <stdint.h>

/// memfd_create, which Swift's Glibc does not know: a file that lies in memory and in no file system, until
/// the last descriptor and the last mapping of it are gone. Closed by exec; -1 where there are none.
int cmemory_file_create(const char *name);

/// ftruncate, but beyond the limit of a file's size (RLIMIT_FSIZE), which counts here too, it returns -1
/// where ftruncate's signal would end the process.
int cmemory_file_grow(int descriptor, int64_t bytes);

#endif
