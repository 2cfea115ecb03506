#ifndef CKERNELS_VECTOR_UNITS_H
#define CKERNELS_VECTOR_UNITS_H

#include <stdbool.h>

/// The instructions that every kernel is compiled for, from the least to the most.
typedef enum __attribute__((enum_extensibility(closed))) {
  /// What the compiler may use on any CPU of the architecture.
  CKVectorUnitsPortable,
  /// AVX2, FMA and what else x86-64-v3 has.
  CKVectorUnitsAVX2,
  /// AVX-512 F, BW, CD, DQ and VL: x86-64-v4.
  CKVectorUnitsAVX512,
  /// AVX-512 and AMX's tiles with products of bfloat16; kernels that have no use for tiles are those
  /// of AVX-512.
  CKVectorUnitsAMX,
} CKVectorUnits;

/// The most that this CPU has.
CKVectorUnits ck_detected_vector_units(void);

/// Those that kernels use: the detected ones unless others were set.
CKVectorUnits ck_vector_units(void);

/// From now on kernels use these; returns false, and changes nothing, where the CPU lacks them.
///
/// Not while a kernel runs. Paths round differently, so a process should use one only.
bool ck_set_vector_units(CKVectorUnits units);

#endif
