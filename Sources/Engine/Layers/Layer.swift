import Tensors

/// What a pass may assume about the statistics of a batch.
public enum Mode: Sendable {
  /// Batch statistics; power iterations advance.
  case training
  /// Running statistics; everything frozen.
  case evaluation
}

/// One differentiable piece of a network, in four passes over two edges, x (in) and y (out).
///
/// | pass | reads | writes |
/// |---|---|---|
/// | forward | x.value | y.value |
/// | backward | x.value, y.gradient | x.gradient |
/// | forwardTangent | x.value, x.tangent | y.tangent |
/// | backwardTangent | x.value, x.tangent, y.gradient, y.gradientTangent | x.gradientTangent |
///
/// The backward passes also write the gradients of the parameters where a sweep asks for them; the
/// second one those of the first too, so a step asks in its last sweep.
///
/// The passes run in this order, each at most once after a forward pass, and always on the same number
/// of samples. They never change the state: batch statistics are staged and taken over by `commit`.
///
/// A layer with batch statistics makes one collective in each pass, in training and over the global
/// batch: every rank calls the same passes in the same order, also with no samples.
public protocol Layer: AnyObject {
  /// What the optimizer moves; a shared parameter is listed by each of its owners.
  var parameters: [Parameter] { get }
  /// What else belongs to the state dict, power-iteration vectors excepted.
  var state: [StateTensor] { get }
  /// What stands between a parameter's value and what the layer reads.
  var reparameterizations: [any Reparameterization] { get }
  /// The layers that it consists of, itself if it is none but one.
  var parts: [NetworkPart] { get }

  /// Prepares what is a function of the effective parameters alone, after the reparameterisations.
  func refresh()

  func forward(_ x: Edge, into y: Edge, mode: Mode)
  /// Where the plan has no x.gradient only parameter gradients are written.
  ///
  /// parameter.gradient ← previous·gradient + primal·θ̄, with the writer's weights.
  func backward(_ y: Edge, into x: Edge, gradients writer: GradientWriter?)
  func forwardTangent(_ x: Edge, into y: Edge)
  /// Where the plan has no x.gradientTangent only parameter gradients are written.
  ///
  /// parameter.gradient ← previous·gradient + primal·θ̄ + tangent·dθ̄/dε, with the writer's weights.
  func backwardTangent(_ y: Edge, into x: Edge, gradients writer: GradientWriter?)

  /// Takes over what the last training forward pass staged.
  func commit()
}

extension Layer {
  public var parameters: [Parameter] { [] }
  public var state: [StateTensor] { [] }
  public var reparameterizations: [any Reparameterization] { [] }
  public var parts: [NetworkPart] { [.layer(self)] }
  public func refresh() {}
  public func commit() {}
}
