#include "Bfloat16Block.h"
#include "../Winograd/WinogradCoefficients.h"
#include "../Winograd/WinogradPanels.h"

/// Pairs of tiles are padded with zeros to a multiple of this, the pairs of one tile register.
enum { pairsTogether = 16 };

ALWAYS_INLINE size_t pairsOfTiles(size_t tiles) {
  return (tiles + 2 * pairsTogether - 1) / (2 * pairsTogether) * pairsTogether;
}

size_t ck_winograd_bf16_scratch_words(size_t tiles, size_t pitch) {
  return pairsOfTiles(tiles) * pitch;
}

static bool usesTiles(void) { return ck_units_in_use >= CKVectorUnitsAMX; }

/// The state of the units that multiply the blocks of one run.
typedef struct {
#ifdef HAS_TILES
  TileShape tiles;
#else
  char nothing;
#endif
} Multiplier;

static void multiplyBlock(Multiplier *multiplier, const Bfloat16Block *block, size_t rows,
                          size_t columns) {
#ifdef HAS_TILES
  if (usesTiles()) return ck_bf16_multiply_by_tiles(&multiplier->tiles, block, rows, columns);
#else
  (void)multiplier;
#endif
  ck_bf16_multiply_by_vectors(block, rows, columns);
}

static void finish(void) {
#ifdef HAS_TILES
  if (usesTiles()) ck_release_tiles();
#endif
}

void ck_winograd_multiply_bf16(const CKWinogradProducts *p, size_t parts, const uint16_t *input,
                               const uint32_t *panels, float *output) {
  Multiplier multiplier = {0};
  const Panels layout = {.rows = paddedColumns(p->inputs) / 2, .columns = p->outputs};
  for (size_t f = 0; f < frequencyCount(p->form); f++) {
    const Coefficients of = coefficientsOf(f, p->form);
    for (size_t column = 0; column < p->outputs; column += panelColumns) {
      const size_t width = panelWidth(layout, column), panel = panelOffset(layout, 0, column);
      for (size_t i = 0; i < of.count; i++) {
        const size_t coefficient = coefficientAt(of, i);
        const Bfloat16Block block = {
            .inner = layout.rows,
            .parts = parts,
            .a = (const uint32_t *)(input + coefficient * p->inputCoefficientStride),
            .aRow = p->inputPitch / 2,
            .aInner = 1,
            .aPart = coefficientCount(p->form) * p->inputCoefficientStride / 2,
            .b = panels + f * p->panelFrequencyStride + panel,
            .bInner = width,
            .bPart = frequencyCount(p->form) * p->panelFrequencyStride,
            .c = output + coefficient * p->outputCoefficientStride + column,
            .cRow = p->outputPitch,
            .scale = 1,
            .previous = 0};
        multiplyBlock(&multiplier, &block, p->tiles, width);
      }
    }
  }
  finish();
}

/// word ← 16 channels of two consecutive tiles as pairs, zero beyond the last tile.
ALWAYS_INLINE void pairAt(size_t tiles, size_t pitch, const uint16_t *from, size_t pair, size_t c,
                          Words *word) {
  const uint16_t *first = from + 2 * pair * pitch + c;
  *word = (Words){0};
  if (2 * pair < tiles) *word = __builtin_convertvector(*(const HalvesAt *)first, Words);
  if (2 * pair + 1 < tiles) {
    *word |= __builtin_convertvector(*(const HalvesAt *)(first + pitch), Words) << 16;
  }
}

KERNEL(void, ck_winograd_bf16_pairs,
       (size_t tiles, size_t pitch, const uint16_t *from, uint32_t *pairs),
       (tiles, pitch, from, pairs)) {
  for (size_t pair = 0; pair < pairsOfTiles(tiles); pair++, pairs += pitch) {
    for (size_t c = 0; c < pitch; c += CKWinogradLanes) {
      Words word;
      pairAt(tiles, pitch, from, pair, c, &word);
      *(WordsAt *)(pairs + c) = word;
    }
  }
}

KERNEL(void, ck_winograd_bf16_pairs_transposed,
       (size_t tiles, size_t pitch, const uint16_t *from, uint32_t *pairs),
       (tiles, pitch, from, pairs)) {
  const size_t row = pairsOfTiles(tiles);
  for (size_t c = 0; c < pitch; c += CKWinogradLanes) {
    for (size_t pair = 0; pair < row; pair += CKWinogradLanes) {
      Lanes block[CKWinogradLanes];
      for (size_t i = 0; i < CKWinogradLanes; i++) {
        Words word;
        pairAt(tiles, pitch, from, pair + i, c, &word);
        block[i] = (Lanes)word;
      }
      transpose(block);
      for (size_t i = 0; i < CKWinogradLanes; i++) {
        *(WordsAt *)(pairs + (c + i) * row + pair) = (Words)block[i];
      }
    }
  }
}

void ck_winograd_multiply_transposed_bf16(const CKWinogradProducts *p, size_t parts,
                                          const uint16_t *input, const uint16_t *output,
                                          float scale, float previous, uint32_t *pairs,
                                          float *panels) {
  Multiplier multiplier = {0};
  const bool inRows = usesTiles();
  const Panels layout = {.rows = p->inputs, .columns = p->outputs};
  const size_t inner = pairsOfTiles(p->tiles);
  const size_t inputWords = ck_winograd_bf16_scratch_words(p->tiles, p->inputPitch);
  const size_t outputWords = ck_winograd_bf16_scratch_words(p->tiles, p->outputPitch);
  uint32_t *outputPairs = pairs + parts * inputWords;
  for (size_t f = 0; f < frequencyCount(p->form); f++) {
    const Coefficients of = coefficientsOf(f, p->form);
    for (size_t i = 0; i < of.count; i++) {
      const size_t coefficient = coefficientAt(of, i);
      for (size_t part = 0; part < parts; part++) {
        const size_t place = part * coefficientCount(p->form) + coefficient;
        const uint16_t *from = input + place * p->inputCoefficientStride;
        if (inRows) {
          ck_winograd_bf16_pairs_transposed(p->tiles, p->inputPitch, from,
                                            pairs + part * inputWords);
        } else {
          ck_winograd_bf16_pairs(p->tiles, p->inputPitch, from, pairs + part * inputWords);
        }
        ck_winograd_bf16_pairs(p->tiles, p->outputPitch,
                               output + place * p->outputCoefficientStride,
                               outputPairs + part * outputWords);
      }
      for (size_t column = 0; column < p->outputs; column += panelColumns) {
        const size_t width = panelWidth(layout, column), panel = panelOffset(layout, 0, column);
        const Bfloat16Block block = {.inner = inRows ? inner : (p->tiles + 1) / 2,
                                     .parts = parts,
                                     .a = pairs,
                                     .aRow = inRows ? inner : 1,
                                     .aInner = inRows ? 1 : p->inputPitch,
                                     .aPart = inputWords,
                                     .b = outputPairs + column,
                                     .bInner = p->outputPitch,
                                     .bPart = outputWords,
                                     .c = panels + f * p->panelFrequencyStride + panel,
                                     .cRow = width,
                                     .scale = scale,
                                     .previous = i == 0 ? previous : 1};
        multiplyBlock(&multiplier, &block, p->inputs, width);
      }
    }
  }
  finish();
}
