#include "CForcedVectorUnits.h"
#include "CKernels.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const variable = "LCNN_VECTOR_UNITS";
static const char *const names[] = {
    [CKVectorUnitsPortable] = "portable",
    [CKVectorUnitsAVX2] = "avx2",
    [CKVectorUnitsAVX512] = "avx512",
    [CKVectorUnitsAMX] = "amx",
};

/// After the constructor of `CKernels`, which has a priority.
__attribute__((constructor)) static void force(void) {
  const char *asked = getenv(variable);
  if (!asked) return;
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    if (strcmp(asked, names[i]) != 0) continue;
    if (ck_set_vector_units((CKVectorUnits)i)) return;
    fprintf(stderr, "%s=%s: this CPU has only %s\n", variable, asked,
            names[ck_detected_vector_units()]);
    _Exit(64);
  }
  fprintf(stderr, "%s=%s: expected portable, avx2, avx512 or amx\n", variable, asked);
  _Exit(64);
}
