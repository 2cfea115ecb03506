import Failures
import Kernels
import Tensors

/// y = s(z), the elementwise end of a block, fused; z is a batch norm's output, or the sum of two.
///
/// In each pass every batch norm first takes its statistics of the batch, with one collective; then
/// one loop over the activations does the rest. The passes are those of ``BatchNorm`` followed by
/// ``CenteredSoftplus`` or ``FixedActivation``, with their parameters, state and formulas. Nothing
/// between the convolutions' outputs and y is stored.
final class NormActivation {
  /// The summand that is added to the first batch norm's output.
  enum Other {
    case nothing
    /// The output of another batch norm.
    case normalized(BatchNorm)
    /// factor·x.
    case scaled(factor: Float)
  }

  private let norm: BatchNorm
  private let otherNorm: BatchNorm?
  private let otherCoefficients: AffinePerChannel?
  private let otherFactor: Float
  private let activation: any Activation
  private let slices: Slices
  /// The raw sums of each slice, five per channel.
  private let sliceSums: UnsafeMutableBufferPointer<Double>
  private let sumsPerSlice: Int
  /// Σ ∂s/∂β·ȳ of each slice, and its tangent.
  private let betaSums: UnsafeMutableBufferPointer<Double>
  private let betaTangentSums: UnsafeMutableBufferPointer<Double>

  init(
    _ norm: BatchNorm, _ other: Other, _ activation: any Activation, channels: Int,
    site: LayerSite
  ) {
    let (arena, sliceCount) = (site.arena, site.sliceCount)
    self.norm = norm
    self.activation = activation
    slices = site.slices
    switch other {
    case .nothing:
      (otherNorm, otherCoefficients, otherFactor) = (nil, nil, 0)
    case .normalized(let norm):
      (otherNorm, otherCoefficients, otherFactor) = (norm, norm.coefficients, 0)
    case .scaled(let factor):
      otherNorm = nil
      otherCoefficients = AffinePerChannel(.scaled, channels: channels, arena: arena)
      otherFactor = factor
    }
    sumsPerSlice = 5 * channels
    sliceSums = arena.buffer(of: Double.self, count: sliceCount * sumsPerSlice)
    betaSums = arena.buffer(of: Double.self, count: sliceCount)
    betaTangentSums = arena.buffer(of: Double.self, count: sliceCount)
  }

  /// y.value ← s(z), from x and the other summand's input.
  ///
  /// Collective in training.
  func forward(_ x: Edge, _ other: Edge?, into y: Tensor, mode: Mode) {
    norm.prepareForward(x.value, mode: mode)
    if let other, let otherNorm { otherNorm.prepareForward(other.value, mode: mode) }
    if otherNorm == nil { otherCoefficients?.scale.fill(otherFactor) }
    recomputeValue(x, other, into: y)
  }

  /// Computes y.value again, after a forward pass.
  func recomputeValue(_ x: Edge, _ other: Edge?, into y: Tensor) {
    kernel(x, other).forward(into: y)
  }

  /// Writes the gradients of x and of the other edge.
  ///
  /// Collective in training.
  func backward(
    _ y: Edge, into x: Edge, _ other: Edge?, gradients writer: GradientWriter?
  ) {
    let kernel = kernel(x, other)
    if norm.takesStatistics {
      measure(samples: x.shape.samples) { slice, sums in
        let beta = kernel.slice(slice).addGradientSums(y.gradient.slice(slice), to: sums)
        betaSums[slice.lowerBound / slices.samples] = beta
      }
      norm.prepareBackward(samples: x.shape.samples) { slice, first, second in
        let sums = sums(of: slice)
        norm.add(sums.sum, products: sums.products.0, to: first, second)
      }
      otherNorm?.prepareBackward(samples: x.shape.samples) { slice, first, second in
        let sums = sums(of: slice)
        otherNorm?.add(sums.sum, products: sums.products.1, to: first, second)
      }
    }
    kernel.backward(y.gradient)
    writeGradients(samples: x.shape.samples, writer)
  }

  /// y.tangent ← s′(z)·ż.
  ///
  /// Collective in training.
  func forwardTangent(_ x: Edge, _ other: Edge?, into y: Tensor) {
    norm.prepareForwardTangent(x)
    if let other { otherNorm?.prepareForwardTangent(other) }
    recomputeTangent(x, other, into: y)
  }

  /// Computes y.tangent again, after a forward tangent pass.
  func recomputeTangent(_ x: Edge, _ other: Edge?, into y: Tensor) {
    kernel(x, other).forwardTangent(into: y)
  }

  /// Writes the gradient tangents of x and of the other edge.
  ///
  /// With a writer it also writes their gradients again, which the parameter gradients need.
  ///
  /// Collective in training.
  func backwardTangent(
    _ y: Edge, into x: Edge, _ other: Edge?, gradients writer: GradientWriter?
  ) {
    let kernel = kernel(x, other)
    if norm.takesStatistics {
      measure(samples: x.shape.samples) { slice, sums in
        let beta = kernel.slice(slice).addSecondSums(
          y.gradient.slice(slice), gradientTangent: y.gradientTangent.slice(slice), to: sums)
        betaTangentSums[slice.lowerBound / slices.samples] = beta
      }
      norm.prepareBackwardTangent(samples: x.shape.samples) { slice, first, second in
        let sums = sums(of: slice)
        norm.add(
          sums.sum, products: sums.products.0, tangentProducts: sums.tangentProducts.0, to: first,
          second)
      }
      otherNorm?.prepareBackwardTangent(samples: x.shape.samples) { slice, first, second in
        let sums = sums(of: slice)
        otherNorm?.add(
          sums.sum, products: sums.products.1, tangentProducts: sums.tangentProducts.1, to: first,
          second)
      }
    }
    kernel.backwardTangent(
      y.gradient, gradientTangent: y.gradientTangent,
      writer == nil ? .gradientTangent : .gradientTangentAndGradient)
    writeGradients(samples: x.shape.samples, writer)
  }

  private func writeGradients(samples: Int, _ writer: GradientWriter?) {
    norm.writeGradient(samples: samples, writer)
    otherNorm?.writeGradient(samples: samples, writer)
    activation.writeGradient(samples: samples, writer) { slice in
      betaSums[slice.lowerBound / slices.samples]
    } tangent: { slice in
      betaTangentSums[slice.lowerBound / slices.samples]
    }
  }

  private func measure(
    samples: Int, _ add: (Range<Int>, AffineActivation.Sums) -> Void
  ) {
    slices.forEach(in: samples) { slice in
      let index = slice.lowerBound / slices.samples
      UnsafeMutableBufferPointer(
        rebasing: sliceSums[index * sumsPerSlice..<(index + 1) * sumsPerSlice]
      ).update(repeating: 0)
      add(slice, sums(of: slice))
    }
  }

  private func sums(of slice: Range<Int>) -> AffineActivation.Sums {
    let start = slice.lowerBound / slices.samples * sumsPerSlice
    return AffineActivation.Sums(
      UnsafeMutableBufferPointer(rebasing: sliceSums[start..<start + sumsPerSlice]))
  }

  private func kernel(_ x: Edge, _ other: Edge?) -> AffineActivation {
    var second: AffineActivation.Summand?
    if let other {
      guard let otherCoefficients else { unreachable("a second summand where none was planned") }
      second = AffineActivation.Summand(other, otherCoefficients)
    }
    return AffineActivation(
      activation.function, AffineActivation.Summand(x, norm.coefficients), second)
  }
}
