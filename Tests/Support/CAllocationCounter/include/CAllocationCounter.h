#ifndef C_ALLOCATION_COUNTER_H
#define C_ALLOCATION_COUNTER_H

/// Calls of malloc, calloc, realloc and their aligned kin on the calling thread since its start, but for
/// those that OpenBLAS's code makes.
///
/// Linking this target puts counting fronts before glibc's allocator: for tests only.
unsigned long allocation_count(void);

/// The calls that OpenBLAS's code makes on the calling thread.
unsigned long blas_allocation_count(void);

#endif
