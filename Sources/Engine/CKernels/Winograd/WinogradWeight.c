#include "../Bfloat16/Bfloat16.h"
#include "WinogradPanels.h"

size_t ck_winograd_coefficients(CKWinogradForm form) { return coefficientCount(form); }

size_t ck_winograd_frequencies(CKWinogradForm form) { return frequencyCount(form); }

/// u ← the frequencies of 16 columns of one row of the panels, from their nine taps w.
ALWAYS_INLINE void transformTaps(CKWinogradForm form, const Lanes w[9], Lanes *u) {
  const size_t along = frequenciesAlong(form);
  Lanes half[mostFrequencies][3], column[3], t[mostFrequencies];
  UNROLLED for (size_t j = 0; j < 3; j++) {
    UNROLLED for (size_t i = 0; i < 3; i++) column[i] = w[3 * i + j];
    weightTransform(form, column, t);
    UNROLLED for (size_t i = 0; i < along; i++) half[i][j] = t[i];
  }
  UNROLLED for (size_t i = 0; i < along; i++) {
    weightTransform(form, half[i], t);
    UNROLLED for (size_t j = 0; j < along; j++) u[along * i + j] = t[j];
  }
}

/// Memory for frequencies: floats, or pairs of two rows in `parts` parts of bfloat16.
///
/// `parts` is a constant after inlining.
typedef struct {
  void *first;
  size_t frequencyStride, parts;
} Frequencies;

/// The number of the matrix's rows in one row of a panel.
ALWAYS_INLINE size_t rowsTogether(Frequencies u) { return u.parts == 0 ? 1 : 2; }

/// The panels of a matrix; rows of pairs are padded with zeros, like tiles.
ALWAYS_INLINE Panels panelsOf(Frequencies u, size_t rows, size_t columns) {
  return (Panels){.rows = u.parts == 0 ? rows : paddedColumns(rows) / 2, .columns = columns};
}

/// Stores the frequencies of 16 columns of one row of the panels.
ALWAYS_INLINE void storeFrequencies(CKWinogradForm form, const Lanes first[9],
                                    const Lanes second[9], Frequencies u, size_t at) {
  Lanes row[CKWinogradFrequencies], next[CKWinogradFrequencies];
  transformTaps(form, first, row);
  if (u.parts > 0) transformTaps(form, second, next);
  UNROLLED for (size_t f = 0; f < frequencyCount(form); f++) {
    if (u.parts == 0) {
      LANES((float *)u.first + at + f * u.frequencyStride) = row[f];
    } else {
      storePairs((uint32_t *)u.first + at + f * u.frequencyStride, u.parts,
                 frequencyCount(form) * u.frequencyStride, &row[f], &next[f]);
    }
  }
}

/// taps ← nine taps of 16 outputs of one input; zero for an input beyond the last.
ALWAYS_INLINE void loadTaps(size_t inputs, size_t outputs, const float *w, size_t i, size_t o,
                            Lanes taps[9]) {
  const size_t count = i < inputs ? lanesFrom(o, outputs) : 0;
  UNROLLED for (size_t k = 0; k < 9; k++)
      load(w + (k * inputs + i) * outputs + o, count, &taps[k]);
}

/// The columns of a matrix that are stored in panels.
typedef struct {
  size_t first, count;
} Columns;

ALWAYS_INLINE void transformWeight(CKWinogradForm form, size_t inputs, size_t outputs,
                                   Columns columns, const float *w, Frequencies u) {
  const size_t together = rowsTogether(u);
  const Panels panels = panelsOf(u, inputs, columns.count);
  for (size_t column = 0; column < columns.count; column += CKWinogradLanes) {
    const size_t o = columns.first + column;
    for (size_t row = 0; row < panels.rows; row++) {
      Lanes taps[9], next[9];
      loadTaps(inputs, outputs, w, row * together, o, taps);
      if (together == 2) loadTaps(inputs, outputs, w, 2 * row + 1, o, next);
      storeFrequencies(form, taps, next, u, panelOffset(panels, row, column));
    }
  }
}

ALWAYS_INLINE void transformFormed(CKWinogradForm of, size_t inputs, size_t outputs,
                                   Columns columns, const float *w, Frequencies u){
    WITH_FORM(of, transformWeight(form, inputs, outputs, columns, w, u))}

KERNEL(void, ck_winograd_weight,
       (CKWinogradForm form, size_t inputs, size_t outputs, size_t first, size_t count,
        size_t frequencyStride, const float *w, float *u),
       (form, inputs, outputs, first, count, frequencyStride, w, u)) {
  const Columns columns = {first, count};
  transformFormed(form, inputs, outputs, columns, w, (Frequencies){u, frequencyStride, 0});
}

KERNEL(void, ck_winograd_weight_bf16,
       (CKWinogradForm form, size_t parts, size_t inputs, size_t outputs, size_t first,
        size_t count, size_t frequencyStride, const float *w, uint32_t *u),
       (form, parts, inputs, outputs, first, count, frequencyStride, w, u)) {
  const Columns columns = {first, count};
  if (parts == 1) {
    transformFormed(form, inputs, outputs, columns, w, (Frequencies){u, frequencyStride, 1});
  } else {
    transformFormed(form, inputs, outputs, columns, w, (Frequencies){u, frequencyStride, 3});
  }
}

ALWAYS_INLINE void transformTransposed(CKWinogradForm form, size_t inputs, size_t outputs,
                                       Columns columns, const float *w, Frequencies u) {
  const size_t together = rowsTogether(u);
  const Panels panels = panelsOf(u, outputs, columns.count);
  Lanes block[CKWinogradLanes][9];
  for (size_t first = 0; first < columns.count; first += CKWinogradLanes) {
    const size_t i = columns.first + first;
    const size_t rows = lanesFrom(i, inputs);
    for (size_t o = 0; o < outputs; o += CKWinogradLanes) {
      const size_t count = lanesFrom(o, outputs);
      for (size_t k = 0; k < 9; k++) {
        Lanes tap[CKWinogradLanes];
        for (size_t row = 0; row < CKWinogradLanes; row++) {
          const float *from = w + (k * inputs + i + row) * outputs + o;
          tap[row] = (Lanes){0};
          if (row < rows) load(from, count, &tap[row]);
        }
        transpose(tap);
        for (size_t column = 0; column < CKWinogradLanes; column++) block[column][k] = tap[column];
      }
      const size_t end = together == 1 ? count : CKWinogradLanes;
      for (size_t column = 0; column < end; column += together) {
        storeFrequencies(form, block[column], block[(column + 1) % CKWinogradLanes], u,
                         panelOffset(panels, (o + column) / together, first));
      }
    }
  }
}

ALWAYS_INLINE void transformFormedTransposed(CKWinogradForm of, size_t inputs, size_t outputs,
                                             Columns columns, const float *w, Frequencies u){
    WITH_FORM(of, transformTransposed(form, inputs, outputs, columns, w, u))}

KERNEL(void, ck_winograd_weight_transposed,
       (CKWinogradForm form, size_t inputs, size_t outputs, size_t first, size_t count,
        size_t frequencyStride, const float *w, float *u),
       (form, inputs, outputs, first, count, frequencyStride, w, u)) {
  const Columns columns = {first, count};
  transformFormedTransposed(form, inputs, outputs, columns, w,
                            (Frequencies){u, frequencyStride, 0});
}

KERNEL(void, ck_winograd_weight_transposed_bf16,
       (CKWinogradForm form, size_t parts, size_t inputs, size_t outputs, size_t first,
        size_t count, size_t frequencyStride, const float *w, uint32_t *u),
       (form, parts, inputs, outputs, first, count, frequencyStride, w, u)) {
  const Columns columns = {first, count};
  if (parts == 1) {
    transformFormedTransposed(form, inputs, outputs, columns, w,
                              (Frequencies){u, frequencyStride, 1});
  } else {
    transformFormedTransposed(form, inputs, outputs, columns, w,
                              (Frequencies){u, frequencyStride, 3});
  }
}

ALWAYS_INLINE void addWeight(CKWinogradForm form, size_t inputs, size_t outputs,
                             size_t frequencyStride, const float *u, float scale, float previous,
                             float *w) {
  const Panels panels = {.rows = inputs, .columns = outputs};
  const size_t along = frequenciesAlong(form);
  for (size_t o = 0; o < outputs; o += CKWinogradLanes) {
    const size_t count = lanesFrom(o, outputs);
    for (size_t i = 0; i < inputs; i++) {
      const float *from = u + panelOffset(panels, i, o);
      Lanes half[3][mostFrequencies], t[mostFrequencies], taps[3];
      UNROLLED for (size_t j = 0; j < along; j++) {
        UNROLLED for (size_t k = 0; k < along; k++) {
          t[k] = CONSTANT_LANES(from + (along * k + j) * frequencyStride);
        }
        weightAdjoint(form, t, taps);
        UNROLLED for (size_t k = 0; k < 3; k++) half[k][j] = taps[k];
      }
      UNROLLED for (size_t k = 0; k < 9; k++) {
        if (k % 3 == 0) weightAdjoint(form, half[k / 3], taps);
        float *to = w + (k * inputs + i) * outputs + o;
        Lanes sum = {0};
        if (previous != 0) load(to, count, &sum);
        sum = scale * taps[k % 3] + previous * sum;
        store(to, &sum, count);
      }
    }
  }
}

KERNEL(void, ck_winograd_weight_adjoint,
       (CKWinogradForm of, size_t inputs, size_t outputs, size_t frequencyStride, const float *u,
        float scale, float previous, float *w),
       (of, inputs, outputs, frequencyStride, u, scale, previous, w)) {
  WITH_FORM(of, addWeight(form, inputs, outputs, frequencyStride, u, scale, previous, w))
}
