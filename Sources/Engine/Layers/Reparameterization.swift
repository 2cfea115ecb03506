import Tensors

#if canImport(Glibc)
  import Glibc
#endif

/// A function from a parameter's value to its effective value, outside the passes.
///
/// Every rank computes it from equal weights with equal code, so ranks do not communicate about it.
/// The threads of a process share the results, and one of them computes.
public protocol Reparameterization: AnyObject {
  var parameter: Parameter { get }
  /// The function's tensors in the state dict.
  var state: [StateTensor] { get }

  /// Approximate multiplications of a refresh and a pull-back, by which threads divide the work.
  var multiplications: Int { get }

  /// effective ← f(value), before the forward pass; in training, power iterations advance once.
  func refresh(_ mode: Mode)
  /// gradient ← ∂L/∂value from ∂L/∂effective, in place, once a step, after reduction.
  func pullBack()
  /// Undoes the advance of the last `refresh`, for a step that is skipped.
  func restore()
}

extension Reparameterization {
  public var state: [StateTensor] { [] }
  public func restore() {}
}

/// effective = exp(value) + offset, for the scalars that must stay positive: β (offset 1e-3) and γ.
public final class Exponential: Reparameterization {
  /// Keeps β away from 0, where the centered softplus would stay linear (reference code).
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
