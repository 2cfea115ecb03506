#include "BLASCore.h"

CKProcessor ck_processor(void) {
  CKProcessor processor = {false, false, false};
#if defined(__x86_64__)
  __builtin_cpu_init();
  processor.avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                     __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  processor.avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  processor.amd = __builtin_cpu_is("amd");
#endif
  return processor;
}
