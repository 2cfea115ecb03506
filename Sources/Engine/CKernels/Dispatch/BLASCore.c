#include "BLASCore.h"

CKProcessor ck_processor(void) {
  CKProcessor processor = {.vectorUnits = ck_detected_vector_units(), .amd = false};
#if defined(__x86_64__)
  processor.amd = __builtin_cpu_is("amd");
#endif
  return processor;
}
