import CKernels
import Failures
import Tensors

/// y = s(z), with z the sum of one or two summands (x − mean)·scale, one affine map per channel.
///
/// s is an ``ActivationFunction``; all activations have one shape [.., channels]. Each pass is one loop, which
/// computes z and its derivatives from the summands' inputs and stores nothing for other passes.
/// The plain twins are ``ActivationFunction`` and `combineChannels`, one after the other.
public struct AffineActivation {
  /// One summand: its input edge, which also takes its gradients, and its coefficients.
  public struct Summand {
    public let input: Edge
    public let coefficients: AffinePerChannel

    public init(_ input: Edge, _ coefficients: AffinePerChannel) {
      self.input = input
      self.coefficients = coefficients
    }
  }

  /// The sums over one slice: per channel, except for the gradient of β.
  ///
  /// The sums of the second summand are not written if there is none.
  public struct Sums {
    /// Σ z̄, or Σ dz̄.
    public let sum: UnsafeMutableBufferPointer<Double>
    /// Σ z̄·X, or Σ dz̄·X, of each summand.
    public let products: (UnsafeMutableBufferPointer<Double>, UnsafeMutableBufferPointer<Double>)
    /// Σ z̄·ż of each summand.
    public let tangentProducts:
      (UnsafeMutableBufferPointer<Double>, UnsafeMutableBufferPointer<Double>)

    /// - Parameter buffer: five times as many elements as there are channels.
    public init(_ buffer: UnsafeMutableBufferPointer<Double>) {
      let channels = buffer.count / 5
      func part(_ index: Int) -> UnsafeMutableBufferPointer<Double> {
        UnsafeMutableBufferPointer(rebasing: buffer[index * channels..<(index + 1) * channels])
      }
      sum = part(0)
      products = (part(1), part(2))
      tangentProducts = (part(3), part(4))
    }
  }

  /// The derivatives of a summand that the last pass writes.
  public enum Results: Sendable {
    case gradientTangent
    /// The gradient tangents, and the gradients again, which then need not have been stored.
    case gradientTangentAndGradient
  }

  public let function: ActivationFunction
  public let first: Summand
  public let second: Summand?

  public init(_ function: ActivationFunction, _ first: Summand, _ second: Summand?) {
    self.function = function
    self.first = first
    self.second = second
    if let second {
      require(
        second.input.shape == first.input.shape,
        "summands \(first.input.shape) and \(second.input.shape)")
    }
  }

  /// The samples `range` of all summands.
  public func slice(_ range: Range<Int>) -> AffineActivation {
    AffineActivation(
      function, Summand(first.input.slice(range), first.coefficients),
      second.map { Summand($0.input.slice(range), $0.coefficients) })
  }

  /// y ← s(z).
  public func forward(into y: Tensor) {
    var activation = description(.values, y)
    ck_activation_forward(&activation, y.pointer)
  }

  /// sum += Σ z̄, products += Σ z̄·X with z̄ = s'(z)·ȳ; the result is Σ ∂s/∂β·ȳ.
  public func addGradientSums(_ gradient: Tensor, to sums: Sums) -> Double {
    var activation = description(.values, gradient)
    var beta = 0.0
    withUnsafeMutablePointer(to: &beta) { beta in
      var description = sums.description(beta)
      ck_activation_gradient_sums(&activation, gradient.pointer, &description)
    }
    return beta
  }

  /// Each summand's gradient ← X·gradientCentered + z̄·scale + gradientOffset.
  public func backward(_ gradient: Tensor) {
    var activation = description(.gradients, gradient)
    ck_activation_backward(&activation, gradient.pointer)
  }

  /// ẏ ← s'(z)·ż.
  public func forwardTangent(into tangent: Tensor) {
    var activation = description(.tangents, tangent)
    ck_activation_tangent(&activation, tangent.pointer)
  }

  /// sum += Σ dz̄, products += Σ dz̄·X, tangentProducts += Σ z̄·ż with dz̄ = s''(z)·ż·ȳ + s'(z)·dȳ;
  /// the result is Σ ∂s'/∂β·ż·ȳ + ∂s/∂β·dȳ.
  public func addSecondSums(_ gradient: Tensor, gradientTangent: Tensor, to sums: Sums) -> Double {
    var activation = description(.tangents, gradient)
    require(
      gradientTangent.shape == gradient.shape,
      "a gradient tangent \(gradientTangent.shape) for a gradient \(gradient.shape)")
    var beta = 0.0
    withUnsafeMutablePointer(to: &beta) { beta in
      var description = sums.description(beta)
      ck_activation_second_sums(
        &activation, gradient.pointer, gradientTangent.pointer, &description)
    }
    return beta
  }

  /// Writes the gradient tangent of each summand, and on request its gradient again, as in
  /// ``backward(_:)``.
  ///
  /// gradientTangent ← X·secondCentered + ẋ·secondTangent + z̄·secondGradient + dz̄·scale +
  /// secondOffset. The gradient of a ``AffinePerChannel/Role/scaled`` summand is not written again.
  public func backwardTangent(_ gradient: Tensor, gradientTangent: Tensor, _ results: Results) {
    require(
      gradientTangent.shape == gradient.shape,
      "a gradient tangent \(gradientTangent.shape) for a gradient \(gradient.shape)")
    var activation = description(
      results == .gradientTangent ? .gradientTangents : .allDerivatives, gradient)
    ck_activation_backward_tangent(&activation, gradient.pointer, gradientTangent.pointer)
  }

  private enum Access { case values, tangents, gradients, gradientTangents, allDerivatives }

  private func description(_ access: Access, _ other: Tensor) -> CKAffineActivation {
    let matrix = ChannelMatrix(first.input.value)
    matrix.requireSameShape(other)
    let one = description(of: first, access, matrix)
    let two = second.map { description(of: $0, access, matrix) } ?? one
    return CKAffineActivation(
      rows: matrix.rows, channels: matrix.channels, function: function.kernel,
      beta: function.beta, count: second == nil ? 1 : 2, summands: (one, two))
  }

  private func description(
    of summand: Summand, _ access: Access, _ matrix: ChannelMatrix
  ) -> CKSummand {
    let (input, c) = (summand.input, summand.coefficients)
    matrix.requirePerChannel(c.mean)
    let readsTangent = access != .values && access != .gradients
    let writesGradient =
      access == .gradients || (access == .allDerivatives && c.role == .normalized)
    let writesTangent = access == .gradientTangents || access == .allDerivatives
    return CKSummand(
      x: input.value.pointer, tangent: readsTangent ? input.tangent.pointer : nil,
      mean: c.mean.pointer, scale: c.scale.pointer, tangentCentered: c.tangentCentered.pointer,
      tangentOffset: c.tangentOffset.pointer, gradientCentered: c.gradientCentered.pointer,
      gradientOffset: c.gradientOffset.pointer, secondCentered: c.secondCentered.pointer,
      secondTangent: c.secondTangent.pointer, secondGradient: c.secondGradient.pointer,
      secondOffset: c.secondOffset.pointer,
      gradient: writesGradient ? input.gradient.pointer : nil,
      gradientTangent: writesTangent ? input.gradientTangent.pointer : nil)
  }
}

extension AffineActivation.Sums {
  fileprivate func description(_ beta: UnsafeMutablePointer<Double>) -> CKActivationSums {
    CKActivationSums(
      sum: sum.baseAddress, products: (products.0.baseAddress, products.1.baseAddress),
      tangentProducts: (tangentProducts.0.baseAddress, tangentProducts.1.baseAddress), beta: beta)
  }
}
