import Tensors

#if canImport(Glibc)
  import Glibc
#endif

/// effective = exp(value) + offset, for the scalars that must stay positive: β (offset 1e-3) and γ.
public final class Exponential: Reparameterization {
  /// Keeps β away from 0, where the centered softplus would be linear for ever (reference code).
  public static let betaOffset: Float = 1e-3

  public let parameter: Parameter
  private let offset: Float

  public init(_ parameter: Parameter, offset: Float, arena: Arena) {
    self.parameter = parameter
    self.offset = offset
    parameter.setEffective(arena.tensor(parameter.shape, in: .shared))
  }

  public var multiplications: Int { parameter.shape.count }

  public func refresh(_ mode: Mode) {
    for index in 0..<parameter.shape.count {
      parameter.effective[index] = exp(parameter.value[index]) + offset
    }
  }

  public func pullBack() {
    for index in 0..<parameter.shape.count {
      parameter.gradient[index] *= parameter.effective[index] - offset
    }
  }
}
