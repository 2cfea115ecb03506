import Failures

/// A trained tensor: the value that the optimizer moves, the effective value that layers read, and
/// the gradient between them.
///
/// Layers read `effective` (Ŵ = W/σ, β = exp(logBeta) + 1e-3, …) and write ∂L/∂effective into
/// `gradient`; a reparameterisation refreshes the first from `value` before the forward pass and
/// pulls the second back to ∂L/∂value once, after reduction. Without one, `effective` *is* `value`.
public final class Parameter {
  public enum Kind: Sendable {
    case weight, bias, logBeta, logLipschitz
  }

  public let kind: Kind
  /// The parameter's keys in a state dict; a shared parameter has several.
  public private(set) var names: [String]
  public let shape: Shape
  public let layout: CheckpointLayout
  /// Whether the optimizer moves the parameter; log_lipschitz is only state where nothing bounds the
  /// batch norms.
  public let isTrained: Bool

  public private(set) var value: Tensor
  public private(set) var effective: Tensor
  public private(set) var gradient: Tensor
  public private(set) var momentumBuffer: Tensor

  /// The offset of the parameter in the flat storage of all trained parameters; nil if untrained.
  public private(set) var offset: Int?

  /// The number of layers that use the parameter; penalties count once for each of them.
  public private(set) var uses = 1
  private var contributions = 0

  public init(
    _ kind: Kind, name: String, shape: Shape, layout: CheckpointLayout, isTrained: Bool = true
  ) {
    require(layout.count == shape.count, "\(name): \(shape) in a checkpoint as \(layout)")
    self.kind = kind
    names = [name]
    self.shape = shape
    self.layout = layout
    self.isTrained = isTrained
    value = .absent(shape)
    effective = .absent(shape)
    gradient = .absent(shape)
    momentumBuffer = .absent(shape)
  }

  /// Lets one more layer use this parameter, under the name `name` in the state dict.
  public func share(as name: String) {
    names.append(name)
    uses += 1
  }

  /// Gives the parameter its storage; `effective` is the value itself unless `setEffective`
  /// follows.
  public func place(value: Tensor, gradient: Tensor, momentumBuffer: Tensor, offset: Int? = nil) {
    self.offset = offset
    self.value = value.reshaped(shape)
    self.gradient = gradient.isPresent ? gradient.reshaped(shape) : .absent(shape)
    self.momentumBuffer = momentumBuffer.isPresent ? momentumBuffer.reshaped(shape) : .absent(shape)
    if !effective.isPresent { effective = self.value }
  }

  /// Makes layers read this tensor instead of the value.
  public func setEffective(_ tensor: Tensor) {
    require(tensor.shape == shape, "\(names[0]) is \(shape), its effective value \(tensor)")
    effective = tensor
  }

  /// Starts a new accumulation: the next layer to write is the first.
  public func beginGradient() { contributions = 0 }

  /// The weights of the next layer's contribution: every layer but the first adds to the gradient.
  public func claim(_ weights: GradientWeights) -> GradientWeights {
    contributions += 1
    return contributions == 1 ? weights : weights.adding
  }
}
