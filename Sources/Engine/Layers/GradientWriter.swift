import Kernels
import Tensors

/// Where a backward sweep's parameter gradients go: all samples at once, or slice by slice into sums
/// that no order changes.
///
/// In the reproducible order a parameter's gradient holds one slice's contribution at a time, and what a
/// step is to add up stands in the exact sums.
public struct GradientWriter {
  public let weights: GradientWeights
  private let slices: Slices
  private let exactSums: ExactSums?
  private let written: (() -> Void)?

  /// - Parameter written: called after each layer's, those within blocks too.
  public init(
    _ weights: GradientWeights, slices: Slices, exactSums: ExactSums?,
    written: (() -> Void)? = nil
  ) {
    self.weights = weights
    self.slices = slices
    self.exactSums = exactSums
    self.written = written
  }

  /// Whether all samples are written in one call.
  var writesAtOnce: Bool { exactSums == nil }

  /// Lets `write` add the samples it is given to a layer's parameters, the trained ones of which go on.
  ///
  /// - Parameter write: gradient ← weights.previous·gradient + …, as ``Parameter/claim(_:)`` gives them.
  func write(
    _ parameters: [Parameter], samples: Int, _ write: (Range<Int>, GradientWeights) -> Void
  ) {
    defer { written?() }
    guard let exactSums else { return write(0..<samples, weights) }
    let first = GradientWeights(previous: 0, primal: weights.primal, tangent: weights.tangent)
    slices.forEach(in: samples) { slice in
      for parameter in parameters { parameter.beginGradient() }
      write(slice, first)
      for parameter in parameters {
        if let offset = parameter.offset { exactSums.add(parameter.gradient, at: offset) }
      }
    }
  }
}
