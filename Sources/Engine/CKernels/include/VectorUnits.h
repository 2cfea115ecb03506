#ifndef CKERNELS_VECTOR_UNITS_H
#define CKERNELS_VECTOR_UNITS_H

#include <stdbool.h>

/// The instruction sets that every kernel is compiled for, in ascending order.
typedef enum __attribute__((enum_extensibility(closed))) {
  /// The instructions of every CPU of the architecture.
  CKVectorUnitsPortable,
  /// AVX2, FMA and the rest of x86-64-v3.
  CKVectorUnitsAVX2,
  /// AVX-512 F, BW, CD, DQ and VL: x86-64-v4.
  CKVectorUnitsAVX512,
  /// AVX-512, and AMX's tiles with products of bfloat16; kernels without tiles are those of
  /// AVX-512.
  CKVectorUnitsAMX,
} CKVectorUnits;

/// The largest set that this CPU has.
CKVectorUnits ck_detected_vector_units(void);

/// The set that kernels use: the detected one, unless another was set.
CKVectorUnits ck_vector_units(void);

/// Makes kernels use this set; returns false, and changes nothing, if the CPU lacks it.
///
/// Must not be called while a kernel runs. Sets round differently, so a process should use one
/// only.
bool ck_set_vector_units(CKVectorUnits units);

#endif
