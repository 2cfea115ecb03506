#include "VectorUnits.h"
#include "Dispatch.h"
#include "../Bfloat16/TileDetection.h"

CKVectorUnits ck_units_in_use = CKVectorUnitsPortable;
static CKVectorUnits detected = CKVectorUnitsPortable;

static CKVectorUnits detect(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("x86-64-v4")) {
    return ck_tiles_work() ? CKVectorUnitsAMX : CKVectorUnitsAVX512;
  }
  if (__builtin_cpu_supports("x86-64-v3")) return CKVectorUnitsAVX2;
#endif
  return CKVectorUnitsPortable;
}

/// Runs before `main` and before constructors without a priority, so that every kernel finds the
/// choice made. OpenBLAS may have started threads by then; these set no signal handlers.
__attribute__((constructor(101))) static void useDetected(void) {
  detected = detect();
  ck_units_in_use = detected;
}

CKVectorUnits ck_detected_vector_units(void) { return detected; }

CKVectorUnits ck_vector_units(void) { return ck_units_in_use; }

bool ck_set_vector_units(CKVectorUnits units) {
  if (units > detected) return false;
  ck_units_in_use = units;
  return true;
}
