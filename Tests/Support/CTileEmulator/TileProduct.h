#ifndef TILE_PRODUCT_H
#define TILE_PRODUCT_H

#include "TileState.h"

#pragma GCC visibility push(hidden)

/// D ← D + A·B as TDPBF16PS computes it: A is rows × pairs and B pairs × columns pairs of bfloat16,
/// D rows × columns floats. For each element, the products of the first and of the second numbers
/// of the pairs are summed apart, each by fused multiply-adds in the order of the pairs from zero;
/// the two sums are added, and the result to D. Every operation takes subnormal numbers as zero, gives
/// zero for a subnormal result and rounds to nearest even, whatever the thread's MXCSR.
///
/// Needs AVX-512F.
/// - Source: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2, TDPBF16PS.
void tile_add_product(TileData destination, TileData first, TileData second, unsigned rows,
                      unsigned columns, unsigned pairs);

#pragma GCC visibility pop

#endif
