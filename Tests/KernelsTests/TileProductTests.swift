import CKernels
import CPlainTiles
import Testing

/// Compares products by tiles, with plain C in the place of AMX's instructions, with products by vectors.
///
/// Factors are small integers, so that sums are exact in every order.
@Suite struct TileProductTests {
  struct Extents: Sendable {
    let form: CKWinogradForm
    let tiles: Int
    let inputs: Int
    let outputs: Int
    let parts: Int
  }

  /// Blocks of 32 rows and columns whole and in part, one row, half blocks of pairs, one and three parts.
  static let extents = [CKWinogradForm.twoByTwo, .stride2].flatMap { form in
    [(1, 5, 16), (16, 16, 32), (17, 32, 48), (32, 40, 16), (33, 23, 80), (71, 64, 64)].flatMap {
      (tiles, inputs, outputs) in
      [1, 3].map {
        Extents(form: form, tiles: tiles, inputs: inputs, outputs: outputs, parts: $0)
      }
    }
  }

  @Test("products by tiles are those by vectors", arguments: extents)
  func products(_ extents: Extents) {
    var (products, factors) = (extents.products(), Factors())
    let input = factors.halves(extents.parts * extents.inputElements)
    let panels = factors.words(
      extents.parts * extents.frequencies * products.panelFrequencyStride)
    let outputs = [plain_winograd_multiply_bf16, ck_winograd_multiply_bf16].map { multiply in
      var output = [Float](repeating: -1e9, count: extents.outputElements)
      multiply(&products, extents.parts, input, panels, &output)
      return output
    }
    #expect(outputs[0] == outputs[1])
    #expect(outputs[0].contains { $0 != 0 && $0 != -1e9 })
    #expect(plain_tiles_are_released())
  }

  @Test(
    "transposed products by tiles are those by vectors",
    arguments: extents, [(scale: Float(1), previous: Float(0)), (2, 0), (0.5, -1)])
  func transposed(_ extents: Extents, _ weights: (scale: Float, previous: Float)) {
    var (products, factors) = (extents.transposedProducts(), Factors())
    let input = factors.halves(extents.parts * extents.inputElements)
    let output = factors.halves(extents.parts * extents.outputElements)
    let before = factors.floats(extents.frequencies * products.panelFrequencyStride)
    let words =
      ck_winograd_bf16_scratch_words(extents.tiles, products.inputPitch)
      + ck_winograd_bf16_scratch_words(extents.tiles, products.outputPitch)
    let results = [
      plain_winograd_multiply_transposed_bf16, ck_winograd_multiply_transposed_bf16,
    ].map { multiply in
      var (panels, pairs) = (before, [UInt32](repeating: .max, count: extents.parts * words))
      multiply(
        &products, extents.parts, input, output, weights.scale, weights.previous, &pairs, &panels)
      return panels
    }
    #expect(results[0] == results[1])
    #expect(results[0] != before)
    #expect(plain_tiles_are_released())
  }

  @Test("the loop that measures products by tiles makes each of them")
  func loop() {
    let half: UInt32 = 0x3f00_3f00
    // Four tiles of 16 × 16 sums; a round adds 16 pairs of a half to each.
    #expect(plain_multiply_add_tiles(1000, half) == 1000 * 4 * 16 * 16 * 16)
    #expect(plain_tiles_are_released())
  }
}

extension TileProductTests.Extents {
  private var coefficients: Int { ck_winograd_coefficients(form) }
  var frequencies: Int { ck_winograd_frequencies(form) }
  private var pitch: Int { (inputs + 15) / 16 * 16 }
  /// Room for channels that no product may write.
  private var outputPitch: Int { outputs + 16 }
  var inputElements: Int { coefficients * tiles * pitch }
  var outputElements: Int { coefficients * tiles * outputPitch }

  func products() -> CKWinogradProducts { products(panelRows: pitch / 2) }
  func transposedProducts() -> CKWinogradProducts { products(panelRows: inputs) }

  private func products(panelRows: Int) -> CKWinogradProducts {
    CKWinogradProducts(
      form: form, tiles: tiles, inputs: inputs, outputs: outputs, inputPitch: pitch,
      inputCoefficientStride: tiles * pitch, outputPitch: outputPitch,
      outputCoefficientStride: tiles * outputPitch, panelFrequencyStride: panelRows * outputs)
  }
}

/// Integers from −4 to 4, as bfloat16 and as floats.
private struct Factors {
  private var state: UInt32 = 1

  private mutating func next() -> Float {
    state = state &* 1_664_525 &+ 1_013_904_223
    return Float(Int(state >> 16) % 9 - 4)
  }

  mutating func floats(_ count: Int) -> [Float] { (0..<count).map { _ in next() } }

  mutating func halves(_ count: Int) -> [UInt16] {
    (0..<count).map { _ in UInt16(next().bitPattern >> 16) }
  }

  mutating func words(_ count: Int) -> [UInt32] {
    (0..<count).map { _ in next().bitPattern >> 16 | next().bitPattern }
  }
}
