#ifndef CKERNELS_H
#define CKERNELS_H

// Single-threaded loops over dense, row-major floats. Nothing here allocates, keeps state (but for
// the vector units in use) or checks its arguments: the Swift module `Kernels` does that and is the
// only caller.

#include "BLASCore.h"
#include "ChannelCombination.h"
#include "ChannelMoments.h"
#include "Denormals.h"
#include "ExactSums.h"
#include "ImageConvolution.h"
#include "Lowering.h"
#include "MultiplyAdd.h"
#include "MultiplyAddPairs.h"
#include "NormalizedActivation.h"
#include "Pooling.h"
#include "Softplus.h"
#include "Vector.h"
#include "VectorUnits.h"
#include "Winograd.h"

#endif
