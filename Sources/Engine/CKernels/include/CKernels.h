#ifndef CKERNELS_H
#define CKERNELS_H

// Single-threaded loops over dense, row-major floats. They do not allocate, and their only state is
// the choice of vector units. They do not check their arguments: the Swift module `Kernels`, their
// only caller, does.

#include "ActivationFunction.h"
#include "AffineActivation.h"
#include "BLASCore.h"
#include "Bfloat16MultiplyAdd.h"
#include "ChannelCombination.h"
#include "ChannelMoments.h"
#include "Denormals.h"
#include "ExactSums.h"
#include "Lowering.h"
#include "MultiplyAdd.h"
#include "Pooling.h"
#include "SingleImageConvolution.h"
#include "Vector.h"
#include "VectorUnits.h"
#include "Winograd.h"

#endif
