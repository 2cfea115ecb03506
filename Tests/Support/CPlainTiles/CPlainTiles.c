#include "CPlainTiles.h"
#include "PlainTiles.h"

// The kernels' own files, with other names for their functions, and without a choice of vector
// units: the products here are made by tiles, whatever the CPU has.
#define HAS_TILES
#define FOR_TILES
#define ck_bf16_multiply_by_tiles plain_bf16_multiply_by_tiles
#define ck_release_tiles plain_release_tiles
#define ck_bf16_multiply_add_by_tiles plain_multiply_add_tiles
#define ck_winograd_bf16_scratch_words plain_winograd_bf16_scratch_words
#define ck_winograd_bf16_pairs plain_winograd_bf16_pairs
#define ck_winograd_bf16_pairs_transposed plain_winograd_bf16_pairs_transposed
#define ck_winograd_multiply_bf16 plain_winograd_multiply_bf16
#define ck_winograd_multiply_transposed_bf16 plain_winograd_multiply_transposed_bf16

#include "../../../Sources/Engine/CKernels/Dispatch/Dispatch.h"
#undef KERNEL
#define KERNEL(result, name, parameters, arguments) result name parameters
#define ck_units_in_use CKVectorUnitsAMX

#include "../../../Sources/Engine/CKernels/Bfloat16/Bfloat16Tiles.c"
#include "../../../Sources/Engine/CKernels/Bfloat16/Bfloat16WinogradProducts.c"

bool plain_tiles_are_released(void) { return plainTiles.configuration.palette == 0; }
