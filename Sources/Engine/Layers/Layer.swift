import Tensors

/// The statistics that a forward pass normalises with.
public enum Mode: Sendable {
  /// Batch statistics; power iterations advance.
  case training
  /// Running statistics; all state is frozen.
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
/// The backward passes also write the gradients of the parameters if they get a ``GradientWriter``.
/// The second backward pass writes those of the first as well, so a step asks for them in its last
/// sweep.
///
/// The passes run in this order, each at most once after a forward pass, and always on the same
/// number of samples. They never change the state: batch statistics are staged, and `commit` takes
/// them over.
///
/// A layer with batch statistics makes one collective in each pass, in training and over the global
/// batch: every rank calls the same passes in the same order, even if it has no samples.
public protocol Layer: AnyObject {
  /// The parameters that the layer reads; each layer that uses a shared parameter lists it.
  var parameters: [Parameter] { get }
  /// The layer's other tensors in the state dict, except the vectors of power iterations.
  var state: [StateTensor] { get }
  /// The functions between the parameters' values and their effective values.
  var reparameterizations: [any Reparameterization] { get }

  /// The maps that the layer composes in evaluation mode, in order.
  ///
  /// Bounds of curvature, certificates and the inventory of kernels read nothing else of a layer.
  /// The requirement has no default, so a new layer cannot be left out of them.
  var evaluation: [EvaluationMap] { get }

  /// Updates cached functions of the effective parameters, after the reparameterisations.
  func refresh()

  func forward(_ x: Edge, into y: Edge, mode: Mode)
  /// Writes only parameter gradients if the plan has no x.gradient.
  ///
  /// parameter.gradient ← previous·gradient + primal·θ̄, with the writer's weights.
  func backward(_ y: Edge, into x: Edge, gradients writer: GradientWriter?)
  func forwardTangent(_ x: Edge, into y: Edge)
  /// Writes only parameter gradients if the plan has no x.gradientTangent.
  ///
  /// parameter.gradient ← previous·gradient + primal·θ̄ + tangent·dθ̄/dε, with the writer's
  /// weights.
  func backwardTangent(_ y: Edge, into x: Edge, gradients writer: GradientWriter?)

  /// Takes over the statistics that the last training forward pass has staged.
  func commit()
}

extension Layer {
  public var parameters: [Parameter] { [] }
  public var state: [StateTensor] { [] }
  public var reparameterizations: [any Reparameterization] { [] }
  public func refresh() {}
  public func commit() {}
}

/// One of the maps that a network composes in evaluation mode.
///
/// A fused layer lists the maps of its parts. Every interpreter switches over all cases, so a new
/// kind of map does not compile before each bound and inventory handles it.
public enum EvaluationMap {
  /// x ↦ x ∗ Ŵ + b: a convolution or a linear layer.
  case affine(Convolution2D)
  /// x ↦ slope·x + shift, one slope per channel.
  case normalization(BatchNorm)
  /// x ↦ s(x) elementwise.
  case activation(any Activation)
  /// The mean over all positions of each channel.
  case averagePooling
  /// The largest element of each window of size × size, stride = size.
  case maximumPooling(size: Int)
  /// x ↦ ½·(F(x/√2) + S(x/√2)); S is the identity if there is no shortcut.
  case residual(branch: [EvaluationMap], shortcut: [EvaluationMap]?)
}
