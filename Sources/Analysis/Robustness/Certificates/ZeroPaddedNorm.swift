import Kernels
import RandomNumbers
import Tensors

/// A lower bound of ‖A‖₂ for the zero-padded map A of a convolution or linear layer: power
/// iteration on AᵀA.
///
/// ‖Av‖ at unit vectors v ← AᵀAv/‖AᵀAv‖ from one random start, in single precision, until it grows
/// by at most 1e-4 of itself, or for a hundred iterations.
public enum ZeroPaddedNorm {
  private static let tolerance = 1e-4
  private static let maximumIterations = 100
  /// An arbitrary seed, so that every network has the same start.
  private static let seed: UInt64 = 1

  /// - Parameter weight: [kh, kw, inputs, outputs].
  /// - Throws: ``ArenaError`` if image and patches do not fit.
  public static func estimate(_ geometry: ConvolutionGeometry, weight: [Double]) throws -> Double {
    let positions = geometry.outputHeight * geometry.outputWidth
    let (tensors, arena) = try Arena.plan { arena in
      (
        weight: arena.tensor([geometry.patch, geometry.outputChannels]),
        columns: arena.tensor(geometry.columnsShape(samples: 1)),
        image: arena.tensor(geometry.inputShape(samples: 1)),
        output: arena.tensor([positions, geometry.outputChannels])
      )
    }
    for (index, value) in weight.enumerated() { tensors.weight[index] = Float(value) }
    var generator = KeyedGenerator(seed: seed, purpose: .powerIteration)
    generator.fillNormal(tensors.image.buffer, standardDeviation: 1)
    var norm = 0.0
    for _ in 0..<maximumIterations {
      let length = sumOfSquares(tensors.image).squareRoot()
      guard length > 0, length.isFinite else { break }
      scale(tensors.image, by: Float(1 / length), into: tensors.image)
      imageToColumns(tensors.image, geometry, into: tensors.columns)
      multiply(.plain(tensors.columns), .plain(tensors.weight), into: tensors.output)
      let previous = norm
      // The length of the unit vector is rounded.
      norm = (sumOfSquares(tensors.output) / sumOfSquares(tensors.image)).squareRoot()
      if abs(norm - previous) <= tolerance * norm { break }
      multiply(.plain(tensors.output), .transposed(tensors.weight), into: tensors.columns)
      columnsToImage(tensors.columns, geometry, into: tensors.image)
    }
    return withExtendedLifetime(arena) { norm }
  }
}
