#ifndef CKERNELS_BLAS_CORE_H
#define CKERNELS_BLAS_CORE_H

#include <stdbool.h>

/// What of this CPU matters for the choice of a matrix-multiplication kernel.
typedef struct {
  /// AVX-512 F, BW, DQ and VL.
  bool avx512;
  /// AVX2 and FMA.
  bool avx2;
  bool amd;
} CKProcessor;

CKProcessor ck_processor(void);

#endif
