import Failures

/// One edge of the network: a value and its three derivatives, all of one shape.
///
/// `tangent` and `gradientTangent` are derivatives along one direction in *input* space: with x the
/// network's input, ẋ that direction and L the loss, they are d/dε at x + εẋ. It is the only kind
/// of second derivative that low-curvature training needs.
public struct Edge {
  /// x.
  public let value: Tensor
  /// x̄ = ∂L/∂x.
  public let gradient: Tensor
  /// ẋ = dx/dε along the probe direction.
  public let tangent: Tensor
  /// dx̄/dε; at the network's input, a Hessian-vector product.
  public let gradientTangent: Tensor

  public init(value: Tensor, gradient: Tensor, tangent: Tensor, gradientTangent: Tensor) {
    require(
      value.shape == gradient.shape && value.shape == tangent.shape
        && value.shape == gradientTangent.shape,
      "the four tensors of an edge have one shape: \(value.shape), \(gradient.shape), \(tangent.shape), "
        + "\(gradientTangent.shape)")
    self.value = value
    self.gradient = gradient
    self.tangent = tangent
    self.gradientTangent = gradientTangent
  }

  public var shape: Shape { value.shape }

  /// The first `samples` samples of all four tensors.
  public func prefix(_ samples: Int) -> Edge { slice(0..<samples) }

  /// The samples `range` of all four tensors.
  public func slice(_ range: Range<Int>) -> Edge {
    Edge(
      value: value.slice(range), gradient: gradient.slice(range), tangent: tangent.slice(range),
      gradientTangent: gradientTangent.slice(range))
  }
}
