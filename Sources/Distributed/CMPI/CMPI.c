// For the affinity of a process.
#define _GNU_SOURCE

#include "CMPI.h"

#include <mpi.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

// A communicator travels as its Fortran handle: MPI_Comm is an int in MPICH, a pointer in Open MPI.
static MPI_Comm unwrap(cmpi_communicator communicator) {
  return MPI_Comm_f2c((MPI_Fint)communicator.handle);
}

static cmpi_communicator wrap(MPI_Comm communicator) {
  cmpi_communicator wrapped = {(int32_t)MPI_Comm_c2f(communicator)};
  return wrapped;
}

_Static_assert(sizeof(MPI_Request) <= sizeof(cmpi_request), "a request must fit");

static MPI_Request unwrap_request(const cmpi_request *request) {
  MPI_Request unwrapped;
  memcpy(&unwrapped, &request->bits, sizeof unwrapped);
  return unwrapped;
}

static void wrap_request(MPI_Request request, cmpi_request *wrapped) {
  wrapped->bits = 0;
  memcpy(&wrapped->bits, &request, sizeof request);
}

// Whether ranks let others have their core while they wait. Written by cmpi_initialize, alike on all
// ranks: a blocking collective does not match one that was started.
static int yields;

#ifdef OPEN_MPI
// It yields by itself where there are more ranks than slots, and by its parameter mpi_yield_when_idle.
static int choose_waiting(void) { return MPI_SUCCESS; }
#else
// MPICH's ranks spin while they wait. Where they are more than the cores of their node, one keeps its core
// for a whole time slice from the rank that it waits for: 8 ranks on 2 cores took 72 ms for an allreduce.
static int choose_waiting(void) {
  MPI_Comm node = MPI_COMM_NULL;
  int code = MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &node);
  if (code != MPI_SUCCESS) return code;
  int ranks = 0;
  code = MPI_Comm_size(node, &ranks);
  if (code != MPI_SUCCESS) return code;
  // Each rank may be bound to some cores: those of the node are all of them together.
  cpu_set_t cores;
  if (sched_getaffinity(0, sizeof cores, &cores) != 0) memset(&cores, 0xFF, sizeof cores);
  code = MPI_Allreduce(MPI_IN_PLACE, &cores, sizeof cores, MPI_BYTE, MPI_BOR, node);
  if (code != MPI_SUCCESS) return code;
  yields = ranks > CPU_COUNT(&cores);
  code = MPI_Comm_free(&node);
  if (code != MPI_SUCCESS) return code;
  return MPI_Allreduce(MPI_IN_PLACE, &yields, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD);
}
#endif

// Ends a collective that was started, and lets other ranks have the core meanwhile.
static int finish(MPI_Request request) {
  int ended = 0;
  int code = MPI_Test(&request, &ended, MPI_STATUS_IGNORE);
  while (code == MPI_SUCCESS && !ended) {
    sched_yield();
    code = MPI_Test(&request, &ended, MPI_STATUS_IGNORE);
  }
  return code;
}

int cmpi_initialized(int *answer) { return MPI_Initialized(answer); }

int cmpi_initialize(cmpi_threads *threads) {
  int provided = MPI_THREAD_SINGLE;
  int code = MPI_Init_thread(NULL, NULL, MPI_THREAD_SERIALIZED, &provided);
  if (code != MPI_SUCCESS) return code;
  *threads = provided >= MPI_THREAD_SERIALIZED ? CMPI_THREADS_SERIALIZED
             : provided == MPI_THREAD_FUNNELED ? CMPI_THREADS_FUNNELED
                                               : CMPI_THREADS_NONE;
  // MPI 4 raises errors that belong to no communicator on MPI_COMM_SELF.
  code = MPI_Comm_set_errhandler(MPI_COMM_SELF, MPI_ERRORS_RETURN);
  if (code != MPI_SUCCESS) return code;
  code = MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
  return code == MPI_SUCCESS ? choose_waiting() : code;
}

int cmpi_finalize(void) { return MPI_Finalize(); }

cmpi_communicator cmpi_world(void) { return wrap(MPI_COMM_WORLD); }

int cmpi_rank(cmpi_communicator communicator, int *rank) {
  return MPI_Comm_rank(unwrap(communicator), rank);
}

int cmpi_size(cmpi_communicator communicator, int *size) {
  return MPI_Comm_size(unwrap(communicator), size);
}

int cmpi_duplicate(cmpi_communicator communicator, cmpi_communicator *copy) {
  MPI_Comm duplicate = MPI_COMM_NULL;
  int code = MPI_Comm_dup(unwrap(communicator), &duplicate);
  if (code == MPI_SUCCESS) *copy = wrap(duplicate);
  return code;
}

int cmpi_split(cmpi_communicator communicator, int color, cmpi_communicator *part) {
  MPI_Comm group = MPI_COMM_NULL;
  int code = MPI_Comm_split(unwrap(communicator), color, 0, &group);
  if (code == MPI_SUCCESS) *part = wrap(group);
  return code;
}

static int iallreduce(cmpi_communicator communicator, void *values, int count, MPI_Datatype type,
                      MPI_Request *request) {
  return MPI_Iallreduce(MPI_IN_PLACE, values, count, type, MPI_SUM, unwrap(communicator), request);
}

static int allreduce(cmpi_communicator communicator, void *values, int count, MPI_Datatype type) {
  if (!yields)
    return MPI_Allreduce(MPI_IN_PLACE, values, count, type, MPI_SUM, unwrap(communicator));
  MPI_Request started = MPI_REQUEST_NULL;
  int code = iallreduce(communicator, values, count, type, &started);
  return code == MPI_SUCCESS ? finish(started) : code;
}

int cmpi_allreduce_float(cmpi_communicator communicator, float *values, int count) {
  return allreduce(communicator, values, count, MPI_FLOAT);
}

int cmpi_allreduce_double(cmpi_communicator communicator, double *values, int count) {
  return allreduce(communicator, values, count, MPI_DOUBLE);
}

int cmpi_allreduce_int64(cmpi_communicator communicator, int64_t *values, int count) {
  return allreduce(communicator, values, count, MPI_INT64_T);
}

static int start_allreduce(cmpi_communicator communicator, void *values, int count,
                           MPI_Datatype type, cmpi_request *request) {
  MPI_Request started = MPI_REQUEST_NULL;
  int code = iallreduce(communicator, values, count, type, &started);
  wrap_request(started, request);
  return code;
}

int cmpi_iallreduce_float(cmpi_communicator communicator, float *values, int count,
                          cmpi_request *request) {
  return start_allreduce(communicator, values, count, MPI_FLOAT, request);
}

int cmpi_iallreduce_int64(cmpi_communicator communicator, int64_t *values, int count,
                          cmpi_request *request) {
  return start_allreduce(communicator, values, count, MPI_INT64_T, request);
}

int cmpi_test(cmpi_request *request, int *ended) {
  MPI_Request tested = unwrap_request(request);
  int code = MPI_Test(&tested, ended, MPI_STATUS_IGNORE);
  wrap_request(tested, request);
  return code;
}

int cmpi_wait(cmpi_request *request) {
  MPI_Request awaited = unwrap_request(request);
  if (yields) {
    wrap_request(MPI_REQUEST_NULL, request);
    return finish(awaited);
  }
  int code = MPI_Wait(&awaited, MPI_STATUS_IGNORE);
  wrap_request(awaited, request);
  return code;
}

int cmpi_broadcast(cmpi_communicator communicator, void *bytes, int count, int root) {
  if (!yields) return MPI_Bcast(bytes, count, MPI_BYTE, root, unwrap(communicator));
  MPI_Request started = MPI_REQUEST_NULL;
  int code = MPI_Ibcast(bytes, count, MPI_BYTE, root, unwrap(communicator), &started);
  return code == MPI_SUCCESS ? finish(started) : code;
}

int cmpi_barrier(cmpi_communicator communicator) {
  if (!yields) return MPI_Barrier(unwrap(communicator));
  MPI_Request started = MPI_REQUEST_NULL;
  int code = MPI_Ibarrier(unwrap(communicator), &started);
  return code == MPI_SUCCESS ? finish(started) : code;
}

int cmpi_abort(int exit_code) { return MPI_Abort(MPI_COMM_WORLD, exit_code); }

int cmpi_error_text(int code, char *text, int capacity) {
  char full[MPI_MAX_ERROR_STRING + 1] = "";
  int length = 0;
  int result = MPI_Error_string(code, full, &length);
  snprintf(text, (size_t)capacity, "%s", full);
  return result;
}

int cmpi_processor_name(char *text, int capacity) {
  char full[MPI_MAX_PROCESSOR_NAME + 1] = "";
  int length = 0;
  int result = MPI_Get_processor_name(full, &length);
  snprintf(text, (size_t)capacity, "%s", full);
  return result;
}

int cmpi_library_version(char *text, int capacity) {
  char full[MPI_MAX_LIBRARY_VERSION_STRING + 1] = "";
  int length = 0;
  int result = MPI_Get_library_version(full, &length);
  snprintf(text, (size_t)capacity, "%s", full);
  return result;
}

#define QUOTED(number) #number
#define VERSION(major, minor, release) QUOTED(major) "." QUOTED(minor) "." QUOTED(release)

const char *cmpi_built_with(void) {
#if defined(OPEN_MPI)
  return "Open MPI " VERSION(OMPI_MAJOR_VERSION, OMPI_MINOR_VERSION, OMPI_RELEASE_VERSION);
#elif defined(MPICH_VERSION)
  return "MPICH " MPICH_VERSION;
#else
  return "MPI " VERSION(MPI_VERSION, MPI_SUBVERSION, 0);
#endif
}
