#ifndef CKERNELS_TAP_OVERLAP_H
#define CKERNELS_TAP_OVERLAP_H

#include "../Dispatch/Lanes.h"
#include "Lowering.h"

/// The positions of x and of y that one tap of the kernel connects: two grids of equal size.
typedef struct {
  size_t rows, columns;
  /// The offset of the first position, and the strides of rows and columns, in floats.
  size_t x, xRow, xColumn;
  size_t y, yRow, yColumn;
} TapOverlap;

/// The outputs first ..< end along one axis whose tap reads a pixel inside the image.
typedef struct {
  size_t first, end;
} Span;

ALWAYS_INLINE Span spanOf(size_t tap, size_t extent, size_t outputs, size_t stride,
                          size_t padding) {
  const size_t last = extent - 1 + padding;
  const size_t end = last < tap ? 0 : (last - tap) / stride + 1;
  const size_t first = tap < padding ? (padding - tap + stride - 1) / stride : 0;
  const Span span = {.first = first, .end = end < outputs ? end : outputs};
  return span.first < span.end ? span : (Span){0, 0};
}

ALWAYS_INLINE TapOverlap overlapOf(const CKConvolution *v, size_t outputs, size_t ky, size_t kx) {
  const Span rows = spanOf(ky, v->height, v->outputHeight, v->stride, v->padding);
  const Span columns = spanOf(kx, v->width, v->outputWidth, v->stride, v->padding);
  // Without a position there is no first one: its offset could lie before the image.
  if (rows.first == rows.end || columns.first == columns.end) return (TapOverlap){0};
  const size_t row = rows.first * v->stride + ky - v->padding;
  const size_t column = columns.first * v->stride + kx - v->padding;
  return (TapOverlap){.rows = rows.end - rows.first,
                      .columns = columns.end - columns.first,
                      .x = (row * v->width + column) * v->channels,
                      .xRow = v->stride * v->width * v->channels,
                      .xColumn = v->stride * v->channels,
                      .y = (rows.first * v->outputWidth + columns.first) * outputs,
                      .yRow = v->outputWidth * outputs,
                      .yColumn = outputs};
}

ALWAYS_INLINE size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

#endif
