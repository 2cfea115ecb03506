import Failures
import Kernels

#if canImport(Glibc)
  import Glibc
#endif

/// A zero-padded, strided convolution, extended to a circular grid on which it decomposes into
/// small blocks.
///
/// Along each axis the grid has N ≥ H + padding positions, a multiple of the stride s. An image on
/// the positions 0 ..< H, with zeros elsewhere, has the same convolution there as with zero
/// padding: output i reads t = i·s + k − padding, and if t lies outside 0 ..< H, then −padding ≤ t
/// < 0 or H ≤ t < H + padding, which is t mod N ≥ H, a zero. So the zero-padded operator is the
/// circular one, restricted to such images and to the outputs i < H′, of which N/s ≥ H′ exist. Both
/// restrictions can only lower a norm, so an upper bound for the circular operator holds for the
/// zero-padded one. Taps that meet no pixel for any output, as on images of one pixel, are left out
/// of both.
///
/// With the input split into s phases, x_r[m] = x[ms + r], the circular operator is a convolution
/// of stride 1 on N/s positions from s·s·c_in channels. Its discrete Fourier transform is
/// block-diagonal: at frequency φ the block is outputs × (phases, inputs) with the entries Σ
/// w[k]·exp(2πi·φ·q·s/N) over the taps k − padding = q·s + r of phase r. On an axis where each tap
/// has its own phase (k ≤ s), a frequency only rotates whole columns, so one frequency represents
/// all.
/// - Source: the Fourier transform of circular convolutions: Sedghi, Gupta and Long, ICLR 2019.
package struct CircularConvolution {
  /// The number of positions of the grid along each axis.
  package let gridHeight: Int
  package let gridWidth: Int
  /// The size of each block; rows are the smaller side.
  let rows: Int
  let columns: Int
  /// The frequencies that give all singular values; conjugate frequencies have the same ones.
  let frequencies: [(vertical: Int, horizontal: Int)]

  /// The number of frequencies along each axis: N/s, or 1 where they do not matter.
  private let verticalPeriod: Int
  private let horizontalPeriod: Int
  private let taps: [Tap]
  /// The rows and columns of a block that a tap fills.
  private let tapRows: Int
  private let tapColumns: Int

  private struct Tap {
    /// q along each axis.
    let vertical: Int
    let horizontal: Int
    /// The position of the tap's phase in the block.
    let firstRow: Int
    let firstColumn: Int
    /// tapRows × tapColumns.
    let weights: [Double]
  }

  /// - Parameter weight: [kh, kw, inputs, outputs].
  package init(_ layer: ConvolutionGeometry, weight: [Double]) {
    require(
      weight.count == layer.patch * layer.outputChannels, "\(weight.count) weights for \(layer)")
    let geometry = layer.isMatrix ? layer.asPointwise : layer
    let stride = geometry.stride
    func grid(_ extent: Int, outputs: Int) -> Int {
      let least = max(extent + geometry.padding, (outputs - 1) * stride + 1)
      return (least + stride - 1) / stride * stride
    }
    gridHeight = grid(geometry.inputHeight, outputs: geometry.outputHeight)
    gridWidth = grid(geometry.inputWidth, outputs: geometry.outputWidth)
    let vertical = AxisTaps(geometry.kernelHeight, padding: geometry.padding, stride: stride)
    let horizontal = AxisTaps(geometry.kernelWidth, padding: geometry.padding, stride: stride)
    verticalPeriod = vertical.isAlone ? 1 : gridHeight / stride
    horizontalPeriod = horizontal.isAlone ? 1 : gridWidth / stride
    let (inputs, outputs) = (geometry.inputChannels, geometry.outputChannels)
    let phases = vertical.phases * horizontal.phases
    let isTransposed = outputs > phases * inputs
    (rows, columns) = isTransposed ? (phases * inputs, outputs) : (outputs, phases * inputs)
    (tapRows, tapColumns) = isTransposed ? (inputs, outputs) : (outputs, inputs)
    var taps: [Tap] = []
    for k in 0..<geometry.kernelHeight
    where geometry.meetsPixel(k, of: geometry.inputHeight, outputs: geometry.outputHeight) {
      for l in 0..<geometry.kernelWidth
      where geometry.meetsPixel(l, of: geometry.inputWidth, outputs: geometry.outputWidth) {
        let first = (k * geometry.kernelWidth + l) * inputs * outputs
        let taken = weight[first..<first + inputs * outputs]
        let phase = (vertical.phase[k] * horizontal.phases + horizontal.phase[l]) * inputs
        taps.append(
          Tap(
            vertical: vertical.quotient[k], horizontal: horizontal.quotient[l],
            firstRow: isTransposed ? phase : 0, firstColumn: isTransposed ? 0 : phase,
            weights: isTransposed ? Array(taken) : transposed(taken, inputs, outputs)))
      }
    }
    self.taps = taps
    frequencies = halfPlane(verticalPeriod, horizontalPeriod)
  }

  /// The largest distance of a computed block from the exact one, in the Frobenius norm.
  ///
  /// The angle of a factor exp(iα) is rounded by about 13 units, its cosine once more; a sum of T
  /// such terms adds T roundings. By Cauchy and Schwarz the absolute values of the taps add up to
  /// at most √T times the kernel's norm.
  var blockError: Double {
    let count = Double(taps.count)
    let squares = taps.reduce(0) { $0 + $1.weights.reduce(0) { $0 + $1 * $1 } }
    return (32 + count) * count.squareRoot() * squares.squareRoot() * .ulpOfOne
  }

  /// Writes the block at a frequency as [real | imaginary], rows × 2·columns.
  func writeBlock(
    _ frequency: (vertical: Int, horizontal: Int), into block: UnsafeMutableBufferPointer<Double>
  ) {
    require(block.count == rows * 2 * columns, "\(block.count) numbers for a block")
    block.update(repeating: 0)
    guard let start = block.baseAddress else { return }
    for tap in taps {
      let angle =
        turn(frequency.vertical * tap.vertical, of: verticalPeriod)
        + turn(frequency.horizontal * tap.horizontal, of: horizontalPeriod)
      let (real, imaginary) = (cos(angle), sin(angle))
      tap.weights.withUnsafeBufferPointer { weights in
        for row in 0..<tapRows {
          let reals = start + (tap.firstRow + row) * 2 * columns + tap.firstColumn
          let imaginaries = reals + columns
          for column in 0..<tapColumns {
            let weight = weights[row * tapColumns + column]
            reals[column] += real * weight
            imaginaries[column] += imaginary * weight
          }
        }
      }
    }
  }

  /// 2π·(numerator mod period)/period.
  private func turn(_ numerator: Int, of period: Int) -> Double {
    let remainder = numerator - floorQuotient(numerator, period) * period
    return 2 * Double.pi * Double(remainder) / Double(period)
  }
}

/// The quotient and the phase of every tap along one axis: k − padding = quotient·stride + phase.
private struct AxisTaps {
  let quotient: [Int]
  /// The index of a tap's phase among the phases that occur.
  let phase: [Int]
  let phases: Int
  /// Whether no two taps share a phase.
  let isAlone: Bool

  init(_ taps: Int, padding: Int, stride: Int) {
    quotient = (0..<taps).map { floorQuotient($0 - padding, stride) }
    let remainders = zip(0..<taps, quotient).map { $0 - padding - $1 * stride }
    let present = Set(remainders).sorted()
    phase = remainders.map { remainder in present.firstIndex(of: remainder) ?? 0 }
    phases = present.count
    isAlone = taps <= stride
  }
}

/// ⌊a/b⌋ for b > 0.
private func floorQuotient(_ a: Int, _ b: Int) -> Int {
  a >= 0 ? a / b : -((-a + b - 1) / b)
}

/// One of each pair of conjugate frequencies (φ, ψ) and (−φ, −ψ).
private func halfPlane(_ height: Int, _ width: Int) -> [(vertical: Int, horizontal: Int)] {
  (0...height / 2).flatMap { vertical in
    let isSelfConjugate = vertical == 0 || 2 * vertical == height
    return (0...(isSelfConjugate ? width / 2 : width - 1)).map { (vertical, $0) }
  }
}

/// [inputs, outputs] as [outputs, inputs].
private func transposed(_ weights: ArraySlice<Double>, _ inputs: Int, _ outputs: Int) -> [Double] {
  let first = weights.startIndex
  return (0..<outputs).flatMap { output in
    (0..<inputs).map { weights[first + $0 * outputs + output] }
  }
}

extension ConvolutionGeometry {
  /// Whether each output reads the whole image once, as in a linear layer.
  var isMatrix: Bool { padding == 0 && outputHeight == 1 && outputWidth == 1 }

  /// Whether a tap meets a pixel of the image for any output along an axis.
  fileprivate func meetsPixel(_ tap: Int, of extent: Int, outputs: Int) -> Bool {
    (0..<outputs).contains { (0..<extent).contains($0 * stride + tap - padding) }
  }

  /// A linear layer as a pointwise convolution of one pixel with `patch` channels; the weights have
  /// the same layout.
  fileprivate var asPointwise: ConvolutionGeometry {
    ConvolutionGeometry(
      inputHeight: 1, inputWidth: 1, inputChannels: patch, outputChannels: outputChannels,
      kernelHeight: 1, kernelWidth: 1, stride: 1, padding: 0)
  }
}
