#include "Pooling.h"
#include "../Dispatch/Dispatch.h"
#include <string.h>

/// Channels of one pass over a window; their maxima and positions fit the L1 cache.
enum { groupChannels = 64 };

/// A group of channels of one window.
typedef struct {
  /// The offsets of the window's first element in x, and of its result in y.
  size_t input, output;
  size_t channels;
} Window;

ALWAYS_INLINE size_t offsetInWindow(const CKPool *pool, size_t position) {
  return (position / pool->size * pool->width + position % pool->size) * pool->channels;
}

/// Runs `body` for every window and group of channels, as described by `window`.
#define FOR_EACH_WINDOW(pool, window, body)                                                       \
  const size_t rows = (pool)->height / (pool)->size, columns = (pool)->width / (pool)->size;      \
  for (size_t n = 0; n < (pool)->samples; n++)                                                    \
    for (size_t oy = 0; oy < rows; oy++)                                                          \
      for (size_t ox = 0; ox < columns; ox++)                                                     \
        for (size_t c = 0; c < (pool)->channels; c += groupChannels) {                            \
          const size_t top = n * (pool)->height + oy * (pool)->size;                              \
          const size_t rest = (pool)->channels - c;                                               \
          const Window window = {                                                                 \
              .input = (top * (pool)->width + ox * (pool)->size) * (pool)->channels + c,          \
              .output = ((n * rows + oy) * columns + ox) * (pool)->channels + c,                  \
              .channels = rest < groupChannels ? rest : groupChannels};                           \
          body                                                                                    \
        }

/// The maxima of a group, and the position of the window where each occurs first.
ALWAYS_INLINE void findMaxima(const CKPool *pool, const float *x, size_t channels,
                              float *restrict maximum, int *restrict first) {
  for (size_t i = 0; i < channels; i++) {
    maximum[i] = x[i];
    first[i] = 0;
  }
  for (size_t p = 1; p < pool->size * pool->size; p++) {
    const float *candidate = x + offsetInWindow(pool, p);
    ELEMENTWISE for (size_t i = 0; i < channels; i++) {
      // A NaN counts as the maximum, so that it reaches the loss.
      const int wins = (candidate[i] > maximum[i]) | (candidate[i] != candidate[i]);
      maximum[i] = wins ? candidate[i] : maximum[i];
      first[i] = wins ? (int)p : first[i];
    }
  }
}

KERNEL(void, ck_maximum_pool, (const CKPool *pool, const float *x, float *y), (pool, x, y)){
    FOR_EACH_WINDOW(pool, window,
                    {
                      float maximum[groupChannels];
                      int first[groupChannels];
                      findMaxima(pool, x + window.input, window.channels, maximum, first);
                      memcpy(y + window.output, maximum, window.channels * sizeof(float));
                    })}

KERNEL(void, ck_maximum_pool_gather,
       (const CKPool *pool, const float *g, const float *x, float *y), (pool, g, x, y)){
    FOR_EACH_WINDOW(pool, window,
                    {
                      float maximum[groupChannels];
                      int first[groupChannels];
                      findMaxima(pool, x + window.input, window.channels, maximum, first);
                      float picked[groupChannels];
                      memcpy(picked, g + window.input, window.channels * sizeof(float));
                      for (size_t p = 1; p < pool->size * pool->size; p++) {
                        const float *source = g + window.input + offsetInWindow(pool, p);
                        ELEMENTWISE for (size_t i = 0; i < window.channels; i++) {
                          // An unconditional read: a conditional one becomes a masked store, which stalls later
                          // reads.
                          const float candidate = source[i];
                          const float kept = picked[i];
                          picked[i] = first[i] == (int)p ? candidate : kept;
                        }
                      }
                      memcpy(y + window.output, picked, window.channels * sizeof(float));
                    })}

KERNEL(void, ck_maximum_pool_scatter,
       (const CKPool *pool, const float *g, const float *x, float *out), (pool, g, x, out)) {
  if (pool->height % pool->size != 0 || pool->width % pool->size != 0) {
    memset(out, 0, pool->samples * pool->height * pool->width * pool->channels * sizeof(float));
  }
  FOR_EACH_WINDOW(pool, window, {
    float maximum[groupChannels];
    int first[groupChannels];
    findMaxima(pool, x + window.input, window.channels, maximum, first);
    const float *source = g + window.output;
    for (size_t p = 0; p < pool->size * pool->size; p++) {
      float *target = out + window.input + offsetInWindow(pool, p);
      ELEMENTWISE for (size_t i = 0; i < window.channels; i++) {
        target[i] = first[i] == (int)p ? source[i] : 0.0f;
      }
    }
  })
}

KERNEL(void, ck_average_pool,
       (size_t samples, size_t area, size_t channels, const float *x, float *y),
       (samples, area, channels, x, y)) {
  for (size_t n = 0; n < samples; n++) {
    const float *sample = x + n * area * channels;
    for (size_t c = 0; c < channels; c += groupChannels) {
      const size_t rest = channels - c, group = rest < groupChannels ? rest : groupChannels;
      double sum[groupChannels] = {0};
      for (size_t position = 0; position < area; position++) {
        const float *source = sample + position * channels + c;
        for (size_t i = 0; i < group; i++) sum[i] += source[i];
      }
      for (size_t i = 0; i < group; i++) y[n * channels + c + i] = (float)(sum[i] / (double)area);
    }
  }
}

KERNEL(void, ck_average_pool_scatter,
       (size_t samples, size_t area, size_t channels, const float *g, float *x),
       (samples, area, channels, g, x)) {
  const float share = 1.0f / (float)area;
  for (size_t n = 0; n < samples; n++, g += channels) {
    for (size_t position = 0; position < area; position++, x += channels) {
      ELEMENTWISE for (size_t i = 0; i < channels; i++) x[i] = g[i] * share;
    }
  }
}
