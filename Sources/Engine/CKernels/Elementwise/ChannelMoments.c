#include "ChannelMoments.h"
#include "../Dispatch/Dispatch.h"
#include <stdint.h>

/// Channels of one pass over the rows; their double accumulators fit the registers.
enum { laneCount = 16 };

typedef float Floats __attribute__((vector_size(laneCount * sizeof(float))));
typedef double Doubles __attribute__((vector_size(laneCount * sizeof(double))));

/// Unaligned vectors.
typedef Floats FloatsAt __attribute__((aligned(sizeof(float))));
typedef Doubles DoublesAt __attribute__((aligned(sizeof(double))));

#define FLOATS(pointer) (*(const FloatsAt *)(pointer))
#define DOUBLES(pointer) (*(DoublesAt *)(pointer))
#define WIDE(floats) __builtin_convertvector(floats, Doubles)

/// Rows of one block: a block of x (8 KiB) stays in the L1 cache while its groups of channels are
/// processed one after the other.
ALWAYS_INLINE size_t rowsPerBlock(size_t channels) {
  return channels < 2048 ? 2048 / channels : 1;
}

/// Prefetches a vector of the next block, which may lie beyond the end, at step `step` of a block.
///
/// Groups of channels lie apart in memory, but the prefetches run through it in order: loops over
/// 64 channels that read from memory take a third of the time.
ALWAYS_INLINE void prefetch(const float *block, size_t length, size_t step) {
  __builtin_prefetch((const void *)((uintptr_t)(block + length) + step * sizeof(Floats)));
}

ALWAYS_INLINE size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

KERNEL(void, ck_shifted_moments,
       (size_t rows, size_t channels, const float *x, const float *shift, double *sum,
        double *squares),
       (rows, channels, x, shift, sum, squares)) {
  for (size_t start = 0; start < rows; start += rowsPerBlock(channels)) {
    const size_t end = smaller(rows, start + rowsPerBlock(channels));
    const size_t first = start * channels, length = (end - start) * channels;
    size_t c = 0, step = 0;
    for (; c + laneCount <= channels; c += laneCount) {
      const Floats k = FLOATS(shift + c);
      Doubles s = DOUBLES(sum + c), q = DOUBLES(squares + c);
      for (size_t row = start; row < end; row++, step++) {
        prefetch(x + first, length, step);
        Doubles d = WIDE(FLOATS(x + row * channels + c) - k);
        s += d;
        q += d * d;
      }
      DOUBLES(sum + c) = s;
      DOUBLES(squares + c) = q;
    }
    for (size_t row = start; row < end; row++) {
      for (size_t j = c; j < channels; j++) {
        double d = x[row * channels + j] - shift[j];
        sum[j] += d;
        squares[j] += d * d;
      }
    }
  }
}

KERNEL(void, ck_normalized_moments,
       (size_t rows, size_t channels, const float *g, const float *x, const float *mean,
        const float *inverse, double *sum, double *product),
       (rows, channels, g, x, mean, inverse, sum, product)) {
  for (size_t start = 0; start < rows; start += rowsPerBlock(channels)) {
    const size_t end = smaller(rows, start + rowsPerBlock(channels));
    const size_t first = start * channels, length = (end - start) * channels;
    size_t c = 0, step = 0;
    for (; c + laneCount <= channels; c += laneCount) {
      const Floats m = FLOATS(mean + c), r = FLOATS(inverse + c);
      Doubles s = DOUBLES(sum + c), p = DOUBLES(product + c);
      for (size_t row = start; row < end; row++, step++) {
        prefetch(g + first, length, step);
        prefetch(x + first, length, step);
        const size_t i = row * channels + c;
        s += WIDE(FLOATS(g + i));
        p += WIDE(FLOATS(g + i) * ((FLOATS(x + i) - m) * r));
      }
      DOUBLES(sum + c) = s;
      DOUBLES(product + c) = p;
    }
    for (size_t row = start; row < end; row++) {
      for (size_t j = c; j < channels; j++) {
        const size_t i = row * channels + j;
        sum[j] += g[i];
        product[j] += g[i] * ((x[i] - mean[j]) * inverse[j]);
      }
    }
  }
}

KERNEL(void, ck_second_moments,
       (size_t rows, size_t channels, const float *g, const float *dg, const float *x,
        const float *tangent, const float *mean, const float *inverse, const float *tangentMean,
        const float *tangentProduct, double *sum, double *product),
       (rows, channels, g, dg, x, tangent, mean, inverse, tangentMean, tangentProduct, sum,
        product)) {
  for (size_t start = 0; start < rows; start += rowsPerBlock(channels)) {
    const size_t end = smaller(rows, start + rowsPerBlock(channels));
    const size_t first = start * channels, length = (end - start) * channels;
    size_t c = 0, step = 0;
    for (; c + laneCount <= channels; c += laneCount) {
      const Floats m = FLOATS(mean + c), r = FLOATS(inverse + c);
      const Floats tm = FLOATS(tangentMean + c), a = FLOATS(tangentProduct + c);
      Doubles s = DOUBLES(sum + c), p = DOUBLES(product + c);
      for (size_t row = start; row < end; row++, step++) {
        prefetch(g + first, length, step);
        prefetch(dg + first, length, step);
        prefetch(x + first, length, step);
        prefetch(tangent + first, length, step);
        const size_t i = row * channels + c;
        const Floats normalized = (FLOATS(x + i) - m) * r;
        const Floats t = r * (FLOATS(tangent + i) - tm - normalized * a);
        s += WIDE(FLOATS(dg + i));
        p += WIDE(FLOATS(dg + i) * normalized + FLOATS(g + i) * t);
      }
      DOUBLES(sum + c) = s;
      DOUBLES(product + c) = p;
    }
    for (size_t row = start; row < end; row++) {
      for (size_t j = c; j < channels; j++) {
        const size_t i = row * channels + j;
        const float normalized = (x[i] - mean[j]) * inverse[j];
        const float t =
            inverse[j] * (tangent[i] - tangentMean[j] - normalized * tangentProduct[j]);
        sum[j] += dg[i];
        product[j] += dg[i] * normalized + g[i] * t;
      }
    }
  }
}

KERNEL(void, ck_column_sums, (size_t rows, size_t channels, const float *x, double *sum),
       (rows, channels, x, sum)) {
  for (size_t start = 0; start < rows; start += rowsPerBlock(channels)) {
    const size_t end = smaller(rows, start + rowsPerBlock(channels));
    const size_t first = start * channels, length = (end - start) * channels;
    size_t c = 0, step = 0;
    for (; c + laneCount <= channels; c += laneCount) {
      Doubles s = DOUBLES(sum + c);
      for (size_t row = start; row < end; row++, step++) {
        prefetch(x + first, length, step);
        s += WIDE(FLOATS(x + row * channels + c));
      }
      DOUBLES(sum + c) = s;
    }
    for (size_t row = start; row < end; row++) {
      for (size_t j = c; j < channels; j++) sum[j] += x[row * channels + j];
    }
  }
}
