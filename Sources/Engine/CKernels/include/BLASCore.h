#ifndef CKERNELS_BLAS_CORE_H
#define CKERNELS_BLAS_CORE_H

#include "VectorUnits.h"
#include <stdbool.h>

/// The properties of this CPU that decide which of OpenBLAS's kernels suit it.
typedef struct {
  CKVectorUnits vectorUnits;
  bool amd;
} CKProcessor;

CKProcessor ck_processor(void);

#endif
