import Tensors

/// The coefficients of one summand z = X·scale of an ``AffineActivation``, X = x − mean, one per
/// channel.
///
/// - ż = X·tangentCentered + ẋ·scale + tangentOffset
/// - x̄ = X·gradientCentered + z̄·scale + gradientOffset
/// - dx̄ = X·secondCentered + ẋ·secondTangent + z̄·secondGradient + dz̄·scale + secondOffset
///
/// All coefficients except mean and scale start as zero, which is right if mean and scale do not
/// depend on x.
public struct AffinePerChannel {
  public enum Role: Sendable {
    /// x is a batch norm's input, which only this summand reads.
    case normalized
    /// x is an edge that other layers read too.
    case scaled
  }

  public let role: Role
  public let mean: Tensor
  public let scale: Tensor
  public let tangentCentered: Tensor
  public let tangentOffset: Tensor
  public let gradientCentered: Tensor
  public let gradientOffset: Tensor
  public let secondCentered: Tensor
  public let secondTangent: Tensor
  public let secondGradient: Tensor
  public let secondOffset: Tensor

  public init(_ role: Role, channels: Int, arena: Arena) {
    self.role = role
    let shape = Shape(length: channels)
    mean = arena.tensor(shape)
    scale = arena.tensor(shape)
    tangentCentered = arena.tensor(shape)
    tangentOffset = arena.tensor(shape)
    gradientCentered = arena.tensor(shape)
    gradientOffset = arena.tensor(shape)
    secondCentered = arena.tensor(shape)
    secondTangent = arena.tensor(shape)
    secondGradient = arena.tensor(shape)
    secondOffset = arena.tensor(shape)
  }

  /// Clears all coefficients except mean and scale, for statistics that do not depend on the batch.
  public func clearDerivatives() {
    tangentCentered.fill(0)
    tangentOffset.fill(0)
    gradientCentered.fill(0)
    gradientOffset.fill(0)
    secondCentered.fill(0)
    secondTangent.fill(0)
    secondGradient.fill(0)
    secondOffset.fill(0)
  }
}
