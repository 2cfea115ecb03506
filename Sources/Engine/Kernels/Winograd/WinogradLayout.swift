import CKernels
import Tensors

/// The memory layout of Winograd's transforms, and the runs in which tiles are processed.
struct WinogradLayout: Hashable, Sendable {
  let geometry: ConvolutionGeometry
  let precision: Precision
  let tileRows: Int
  let tileColumns: Int
  /// The largest number of tiles of a run.
  let runTiles: Int

  let form: CKWinogradForm
  /// The number of frequencies of a transformed weight.
  let frequencies: Int
  /// The number of coefficients of a transformed tile.
  let coefficients: Int

  /// The number of tiles above which longer runs gain nothing.
  ///
  /// Each run reads all transformed weights and multiplies them by this many rows. For 16 to 512
  /// channels, 64, 128 and 256 tiles differ by less than 10 %.
  private static let mostTiles = 128

  init(_ geometry: ConvolutionGeometry, samples: Int, precision: Precision) {
    self.geometry = geometry
    self.precision = precision
    // Images of the 2×2 form are smaller than a tile of the other forms, and are one tile, too.
    tileRows = (geometry.outputHeight + 3) / 4
    tileColumns = (geometry.outputWidth + 3) / 4
    form = WinogradLayout.form(of: geometry)
    frequencies = ck_winograd_frequencies(form)
    coefficients = ck_winograd_coefficients(form)
    // Strided tiles are more than twice as large.
    let mostTiles = WinogradLayout.mostTiles / geometry.stride
    runTiles = min(mostTiles, max(1, samples) * tileRows * tileColumns)
  }

  private static func form(of geometry: ConvolutionGeometry) -> CKWinogradForm {
    guard geometry.stride == 1 else { return .stride2 }
    return max(geometry.outputHeight, geometry.outputWidth) <= 2 ? .twoByTwo : .stride1
  }

  var tilesPerSample: Int { tileRows * tileColumns }

  var inputPitch: Int { WinogradLayout.padded(geometry.inputChannels) }
  var outputPitch: Int { WinogradLayout.padded(geometry.outputChannels) }

  // The distance between coefficients in elements, or between frequencies in words.
  var inputStride: Int { tileStride(runTiles * inputPitch) }
  var outputStride: Int { tileStride(runTiles * outputPitch) }
  var weightStride: Int { WinogradLayout.spread(rows(geometry.inputChannels) * outputPitch) }
  var transposedStride: Int { WinogradLayout.spread(rows(geometry.outputChannels) * inputPitch) }
  var gradientStride: Int { WinogradLayout.spread(geometry.inputChannels * outputPitch) }

  /// All columns of a transformed weight, and of a transformed weight with exchanged channels.
  var outputs: WinogradColumns {
    WinogradColumns(first: 0, count: geometry.outputChannels, stride: weightStride)
  }
  var inputs: WinogradColumns {
    WinogradColumns(first: 0, count: geometry.inputChannels, stride: transposedStride)
  }

  /// The number of columns of a panel.
  private static let panelColumns = 2 * Int(CKWinogradLanes)

  // The distance between frequencies of a panel, in words.
  var panelStride: Int {
    WinogradLayout.spread(rows(geometry.inputChannels) * WinogradLayout.panelColumns)
  }
  var transposedPanelStride: Int {
    WinogradLayout.spread(rows(geometry.outputChannels) * WinogradLayout.panelColumns)
  }

  /// Calls `body` with the panels of a transformed weight.
  func forEachPanel(_ body: (WinogradColumns) -> Void) {
    forEachPanel(geometry.outputChannels, panelStride, body)
  }

  /// Calls `body` with the panels of a transformed weight with exchanged channels.
  func forEachTransposedPanel(_ body: (WinogradColumns) -> Void) {
    forEachPanel(geometry.inputChannels, transposedPanelStride, body)
  }

  private func forEachPanel(_ columns: Int, _ stride: Int, _ body: (WinogradColumns) -> Void) {
    for first in Swift.stride(from: 0, to: columns, by: WinogradLayout.panelColumns) {
      let count = min(WinogradLayout.panelColumns, columns - first)
      body(WinogradColumns(first: first, count: count, stride: stride))
    }
  }

  /// The number of rows of a transformed weight's tensor.
  var weightRows: Int { frequencies * max(1, precision.parts) }

  var scratchFloats: Int { pairOffset + pairWords }
  /// The offset of the transformed outputs in the scratch.
  var outputOffset: Int { tileFloats(inputStride) }
  /// The offset of the pairs of tiles, the factors of weight gradients at bfloat16.
  var pairOffset: Int { outputOffset + tileFloats(outputStride) }

  /// The floats that hold transformed tiles in the precision of factors, and products as floats.
  private func tileFloats(_ coefficientStride: Int) -> Int {
    max(2, precision.parts) * coefficients * coefficientStride / 2
  }

  private var pairWords: Int {
    let words = [inputPitch, outputPitch].reduce(0) {
      $0 + ck_winograd_bf16_scratch_words(runTiles, $1)
    }
    return precision.parts * words
  }

  /// The number of rows of panels for `channels` channels.
  private func rows(_ channels: Int) -> Int {
    precision.parts == 0 ? channels : WinogradLayout.padded(channels) / 2
  }

  /// Calls `body` with all runs of the tiles of `samples`, in order; with one empty run if there
  /// are none.
  func forEachRun(_ samples: Int, _ body: (WinogradRun) -> Void) {
    let tiles = samples * tilesPerSample
    var first = 0
    repeat {
      let count = min(runTiles, tiles - first)
      body(WinogradRun(layout: self, firstTile: first, tiles: count))
      first += count
    } while first < tiles
  }

  private static func padded(_ channels: Int) -> Int {
    let lanes = Int(CKWinogradLanes)
    return (channels + lanes - 1) / lanes * lanes
  }

  /// Rounds up to an odd number of cache lines of floats, or of halves, which tile instructions
  /// load by lines.
  private func tileStride(_ elements: Int) -> Int {
    guard precision.parts > 0 else { return WinogradLayout.spread(elements) }
    let line = 2 * Int(CKWinogradLanes)
    return ((elements + line - 1) / line | 1) * line
  }

  /// Rounds up to an odd number of cache lines: the coefficients of a tile, which are read and
  /// written together, then lie in different sets of the cache.
  private static func spread(_ floats: Int) -> Int {
    floats / Int(CKWinogradLanes) % 2 == 1 ? floats : floats + Int(CKWinogradLanes)
  }
}
