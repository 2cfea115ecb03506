#ifndef CMEMORYFILE_H
#define CMEMORYFILE_H

/// memfd_create, which Swift's Glibc does not know: a file that lies in memory and in no file system, until
/// the last descriptor and the last mapping of it are gone. Closed by exec; -1 where there are none.
int cmemory_file_create(const char *name);

#endif
