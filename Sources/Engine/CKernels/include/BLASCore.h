#ifndef CKERNELS_BLAS_CORE_H
#define CKERNELS_BLAS_CORE_H

#include "VectorUnits.h"
#include <stdbool.h>

/// What of this CPU matters for the choice of a matrix-multiplication kernel.
typedef struct {
  CKVectorUnits vectorUnits;
  bool amd;
} CKProcessor;

CKProcessor ck_processor(void);

#endif
