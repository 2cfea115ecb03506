#ifndef C_ALLOCATION_COUNTER_H
#define C_ALLOCATION_COUNTER_H

/// Calls of malloc, calloc, realloc and their aligned kin in the whole process since its start.
///
/// Linking this target puts counting fronts before glibc's allocator: for tests only.
unsigned long allocation_count(void);

#endif
