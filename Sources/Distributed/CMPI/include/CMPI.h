#ifndef CMPI_H
#define CMPI_H

#include <stdint.h>

// The part of MPI that lcnn-dist uses. This header does not include mpi.h: Swift cannot import its
// handles, which are macros, and their types differ between implementations. A function that
// returns an int returns the code of MPI, 0 for success; cmpi_error_text gives its text.

/// An MPI communicator, as its number in the handle table of MPI (MPI_Comm_c2f).
typedef struct {
  int32_t handle;
} cmpi_communicator;

/// A started collective. MPI_Request is an int in MPICH and a pointer in Open MPI.
typedef struct {
  uint64_t bits;
} cmpi_request;

/// Bytes that suffice for any text below and its terminating zero.
#define CMPI_TEXT_BYTES 8192

/// Writes 1 if MPI_Init has been called in this process, else 0.
int cmpi_initialized(int *answer);

/// The threads that may call MPI: the only thread of a process, the thread that called
/// MPI_Init_thread, or any thread, one at a time.
typedef enum {
  CMPI_THREADS_NONE,
  CMPI_THREADS_FUNNELED,
  CMPI_THREADS_SERIALIZED,
} cmpi_threads;

/// MPI_Init_thread for MPI calls from one thread at a time. Writes the threads that MPI allows.
/// From here on, MPI returns errors on MPI_COMM_WORLD and its copies.
int cmpi_initialize(cmpi_threads *threads);

int cmpi_finalize(void);

/// MPI_COMM_WORLD.
cmpi_communicator cmpi_world(void);

int cmpi_rank(cmpi_communicator communicator, int *rank);
int cmpi_size(cmpi_communicator communicator, int *size);
int cmpi_duplicate(cmpi_communicator communicator, cmpi_communicator *copy);

/// The ranks that give the same color, in their order here. Collective.
int cmpi_split(cmpi_communicator communicator, int color, cmpi_communicator *part);

/// MPI_Allreduce with MPI_SUM, in place. Collective.
int cmpi_allreduce_float(cmpi_communicator communicator, float *values, int count);
int cmpi_allreduce_double(cmpi_communicator communicator, double *values, int count);
int cmpi_allreduce_int64(cmpi_communicator communicator, int64_t *values, int count);

/// MPI_Iallreduce with MPI_SUM, in place. Collective; only MPI may use `values` until the request
/// has ended.
int cmpi_iallreduce_float(cmpi_communicator communicator, float *values, int count,
                          cmpi_request *request);
int cmpi_iallreduce_int64(cmpi_communicator communicator, int64_t *values, int count,
                          cmpi_request *request);

/// MPI_Test: lets MPI proceed, and writes 1 to `ended` if the request has ended, else 0. A request
/// that has ended may be tested and waited for again.
int cmpi_test(cmpi_request *request, int *ended);

/// MPI_Wait.
int cmpi_wait(cmpi_request *request);

/// MPI_Bcast of bytes. Collective.
int cmpi_broadcast(cmpi_communicator communicator, void *bytes, int count, int root);

int cmpi_barrier(cmpi_communicator communicator);

/// Ends all ranks of MPI_COMM_WORLD; mpirun returns `exit_code`.
int cmpi_abort(int exit_code);

/// Write a text, cut to `capacity` bytes with its terminating zero.
int cmpi_error_text(int code, char *text, int capacity);
int cmpi_processor_name(char *text, int capacity);
int cmpi_library_version(char *text, int capacity);

/// The library whose headers this was compiled with, for example "Open MPI 4.1.4".
const char *cmpi_built_with(void);

#endif
