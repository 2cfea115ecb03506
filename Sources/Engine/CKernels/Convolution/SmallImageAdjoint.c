#include "SmallImageAdjoint.h"
#include "TapOverlap.h"
#include <string.h>

enum { mostChannels = 4, mostPositions = 6 };

/// The weights of some channels of x for one tap, and for the next tap.
typedef struct {
  const float *weight, *next;
} Rows;

/// to[p] [channels, 16] += from[p] [inner]·rows [channels, inner], in lanes that are added later.
///
/// `channels` and `positions` are constants after inlining, so the sums stay in registers.
ALWAYS_INLINE void addProducts(const float *const *from, float *const *to, Rows rows, size_t inner,
                               size_t channels, size_t positions) {
  Lanes sums[mostPositions][mostChannels], factor[mostChannels], element;
  UNROLLED for (size_t p = 0; p < positions; p++) {
    UNROLLED for (size_t c = 0; c < channels; c++) {
      sums[p][c] = CONSTANT_LANES(to[p] + c * laneCount);
    }
  }
  size_t k = 0;
  for (; k + laneCount <= inner; k += laneCount) {
    UNROLLED for (size_t c = 0; c < channels; c++) {
      factor[c] = CONSTANT_LANES(rows.weight + c * inner + k);
      __builtin_prefetch(rows.next + c * inner + k);
    }
    UNROLLED for (size_t p = 0; p < positions; p++) {
      element = CONSTANT_LANES(from[p] + k);
      UNROLLED for (size_t c = 0; c < channels; c++) sums[p][c] += element * factor[c];
    }
  }
  if (k < inner) {
    UNROLLED for (size_t c = 0; c < channels; c++) {
      load(rows.weight + c * inner + k, inner - k, &factor[c]);
    }
    UNROLLED for (size_t p = 0; p < positions; p++) {
      load(from[p] + k, inner - k, &element);
      UNROLLED for (size_t c = 0; c < channels; c++) sums[p][c] += element * factor[c];
    }
  }
  UNROLLED for (size_t p = 0; p < positions; p++) {
    UNROLLED for (size_t c = 0; c < channels; c++) LANES(to[p] + c * laneCount) = sums[p][c];
  }
}

/// lanes [positions of x, channels, 16] += the products of one tap, at most `step` positions at
/// once.
ALWAYS_INLINE void addTap(const CKConvolution *v, TapOverlap overlap, size_t outputs, Rows rows,
                          const float *y, float *lanes, size_t channels, size_t step) {
  size_t left = overlap.rows * overlap.columns, row = 0, column = 0;
  for (size_t groups = (left + step - 1) / step; groups > 0; groups--) {
    const size_t size = (left + groups - 1) / groups;
    const float *from[mostPositions];
    float *to[mostPositions];
    for (size_t p = 0; p < size; p++) {
      const size_t position =
          (overlap.x + row * overlap.xRow + column * overlap.xColumn) / v->channels;
      from[p] = y + overlap.y + row * overlap.yRow + column * overlap.yColumn;
      to[p] = lanes + position * channels * laneCount;
      if (++column == overlap.columns) row++, column = 0;
    }
    UNROLLED for (size_t constant = 1; constant <= step; constant++) {
      if (size == constant) addProducts(from, to, rows, outputs, channels, constant);
    }
    left -= size;
  }
}

/// x [positions, `channels` of its channels] ← the sums of lanes [positions, channels, 16].
ALWAYS_INLINE void addLanes(const CKConvolution *v, const float *lanes, size_t channels,
                            float *x) {
  const size_t count = v->height * v->width * channels;
  for (size_t first = 0; first < count; first += laneCount) {
    const size_t vectors = smaller(count - first, laneCount);
    Lanes block[laneCount];
    for (size_t i = 0; i < laneCount; i++) {
      block[i] = i < vectors ? CONSTANT_LANES(lanes + (first + i) * laneCount) : (Lanes){0};
    }
    transpose(block);
    UNROLLED for (size_t half = laneCount / 2; half > 0; half /= 2) {
      UNROLLED for (size_t i = 0; i < half; i++) block[i] += block[i + half];
    }
    for (size_t i = 0; i < vectors; i++) {
      x[(first + i) / channels * v->channels + (first + i) % channels] = block[0][i];
    }
  }
}

/// The adjoint for `channels` channels of x, which `weight` and `x` point to.
ALWAYS_INLINE void adjointOf(const CKConvolution *v, size_t outputs, const float *weight,
                             const float *y, float *lanes, float *x, size_t channels,
                             size_t step) {
  const size_t taps = v->kernelHeight * v->kernelWidth;
  memset(lanes, 0, v->height * v->width * channels * laneCount * sizeof(float));
  for (size_t tap = 0; tap < taps; tap++) {
    const TapOverlap overlap = overlapOf(v, outputs, tap / v->kernelWidth, tap % v->kernelWidth);
    // After the last tap comes the first tap of the next channels.
    const size_t following = tap + 1 < taps ? (tap + 1) * v->channels : channels;
    const Rows rows = {.weight = weight + tap * v->channels * outputs,
                       .next = weight + following * outputs};
    addTap(v, overlap, outputs, rows, y, lanes, channels, step);
  }
  addLanes(v, lanes, channels, x);
}

ALWAYS_INLINE void adjoint(const CKConvolution *v, size_t outputs, const float *weight,
                           const float *y, float *lanes, float *x, size_t channels, size_t step) {
  size_t channel = 0;
  for (; channel + channels <= v->channels; channel += channels) {
    adjointOf(v, outputs, weight + channel * outputs, y, lanes, x + channel, channels, step);
  }
  for (; channel < v->channels; channel++) {
    adjointOf(v, outputs, weight + channel * outputs, y, lanes, x + channel, 1, step);
  }
}

/// Defines the pass for one instruction set, with the largest block that its registers hold.
#define ADJOINT(units, attributes, channels, step)                                                \
  attributes static void adjoint_##units(const CKConvolution *v, size_t outputs,                  \
                                         const float *weight, const float *y, float *scratch,     \
                                         float *x) {                                              \
    adjoint(v, outputs, weight, y, scratch, x, channels, step);                                   \
  }

ADJOINT(portable, , 1, 2)
#if defined(__x86_64__)
ADJOINT(avx2, FOR_AVX2, 2, 3)
ADJOINT(avx512, FOR_AVX512, 4, 6)
#endif

size_t smallImageScratch(const CKConvolution *v) {
  return v->height * v->width * mostChannels * laneCount;
}

void smallImageAdjoint(const CKConvolution *v, size_t outputs, const float *weight, const float *y,
                       float *scratch, float *x) {
  DISPATCH(adjoint, (v, outputs, weight, y, scratch, x))
}
