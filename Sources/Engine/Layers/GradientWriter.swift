import Kernels
import Tensors

/// Writes the parameter gradients of a backward sweep: all samples at once, or slice by slice into
/// exact sums.
///
/// In the reproducible order a parameter's gradient holds one slice's contribution at a time, and
/// the exact sums hold the gradients of the step.
public struct GradientWriter {
  public let weights: GradientWeights
  private let slices: Slices
  private let exactSums: ExactSums?
  private let onLayer: (() -> Void)?

  /// - Parameter onLayer: called after each layer has written, layers within blocks included.
  public init(
    _ weights: GradientWeights, slices: Slices, exactSums: ExactSums?,
    onLayer: (() -> Void)? = nil
  ) {
    self.weights = weights
    self.slices = slices
    self.exactSums = exactSums
    self.onLayer = onLayer
  }

  /// Whether all samples are written in one call.
  var writesAtOnce: Bool { exactSums == nil }

  /// Calls `write` with the samples to add to the gradients of a layer's parameters.
  ///
  /// - Parameter write: gradient ← weights.previous·gradient + …, with the weights from
  ///   ``Parameter/claim(_:)``.
  func write(
    _ parameters: [Parameter], samples: Int, _ write: (Range<Int>, GradientWeights) -> Void
  ) {
    defer { onLayer?() }
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
