import Layers
import Tensors

/// Which tensors of a fused network's edges are kept, and which take turns in shared buffers.
///
/// What the last backward sweep of the plan's purpose writes is read by the next layer only, and so is
/// everything where only values are planned. What an earlier sweep has written is read again by later
/// ones and is kept, but for what a block makes again.
extension NetworkBuilder {
  private var derivatives: Derivatives { configuration.derivatives }

  /// An edge between two layers of the network's chain.
  func chainEdge(_ shape: Shape, _ turn: SharedBuffer) -> Activation {
    Activation(
      value: derivatives == .none
        ? arena.tensor(shape, sharing: turn) : arena.tensor(shape),
      gradient: tensor(shape, keptFor: .second, sharing: turn, from: .first),
      tangent: arena.tensor(shape, if: derivatives >= .second),
      gradientTangent: shared(shape, turn, from: .second))
  }

  /// A convolution's output; both of its gradients are used within a pass.
  func convolutionEdge(_ shape: Shape) -> Activation {
    convolutionEdge(
      shape, value: .convolutionValue, gradient: .convolutionGradient,
      gradientTangent: .convolutionGradientTangent)
  }

  /// A shortcut convolution's output, which is needed together with the other one's.
  func shortcutEdge(_ shape: Shape) -> Activation {
    convolutionEdge(
      shape, value: .shortcutValue, gradient: .shortcutGradient,
      gradientTangent: .shortcutGradientTangent)
  }

  /// After the first activation of a residual block, which makes value and tangent again.
  func innerEdge(_ shape: Shape) -> Activation {
    Activation(
      value: arena.tensor(shape, sharing: .innerValue),
      gradient: tensor(shape, keptFor: .second, sharing: .innerGradient, from: .first),
      tangent: shared(shape, .innerTangent, from: .second),
      gradientTangent: shared(shape, .innerGradientTangent, from: .second))
  }

  private func convolutionEdge(
    _ shape: Shape, value: SharedBuffer, gradient: SharedBuffer, gradientTangent: SharedBuffer
  ) -> Activation {
    Activation(
      value: derivatives == .none ? arena.tensor(shape, sharing: value) : arena.tensor(shape),
      gradient: shared(shape, gradient, from: .first),
      tangent: arena.tensor(shape, if: derivatives >= .second),
      gradientTangent: shared(shape, gradientTangent, from: .second))
  }

  private func tensor(
    _ shape: Shape, keptFor kept: Derivatives, sharing buffer: SharedBuffer, from first: Derivatives
  ) -> Tensor {
    derivatives >= kept ? arena.tensor(shape) : shared(shape, buffer, from: first)
  }

  private func shared(
    _ shape: Shape, _ buffer: SharedBuffer, from first: Derivatives
  ) -> Tensor {
    derivatives >= first ? arena.tensor(shape, sharing: buffer) : .absent(shape)
  }
}
