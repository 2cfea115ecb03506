import Kernels

/// An upper bound of ‖A‖₂ for the linear map A of a convolution or a linear layer, rounding
/// included.
///
/// The largest of ``GramIteration``'s upper bounds over the blocks of a ``CircularConvolution``,
/// whose norm is at least that of the zero-padded operator. It exceeds the circular operator's norm
/// by at most 1 %.
public enum CertifiedNorm {
  /// The largest excess of the bound over the circular operator's norm, relative.
  public static let tolerance = 0.01

  /// - Parameter weight: [kh, kw, inputs, outputs].
  /// - Throws: ``ArenaError`` if the blocks do not fit.
  public static func upperBound(_ geometry: ConvolutionGeometry, weight: [Double]) throws -> Double
  {
    let circular = CircularConvolution(geometry, weight: weight)
    let iteration = try GramIteration(rows: circular.rows, columns: circular.columns)
    var lower = 0.0
    var upper = 0.0
    for frequency in circular.frequencies {
      circular.writeBlock(frequency, into: iteration.matrix)
      let bounds = iteration.bounds(tolerance: tolerance, floor: lower)
      guard bounds.upper.isFinite else { return bounds.upper }
      lower = max(lower, bounds.lower)
      upper = max(upper, bounds.upper)
    }
    return upper + circular.blockError
  }

  /// The approximate multiplications of the iterations, by which ranks divide the layers.
  static func cost(_ geometry: ConvolutionGeometry) -> Int {
    let rows = min(geometry.outputChannels, geometry.inputChannels)
    let columns = max(geometry.outputChannels, geometry.inputChannels)
    return geometry.outputHeight * geometry.outputWidth * rows * rows * (rows + columns)
  }
}
