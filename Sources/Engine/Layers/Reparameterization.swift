import Tensors

/// A function of the weights alone that stands outside the passes.
///
/// It is computed on every rank from equal weights by equal code, so ranks need not talk about it; the
/// threads of a process have its results in common, and one of them computes.
public protocol Reparameterization: AnyObject {
  var parameter: Parameter { get }
  /// Its own tensors in the state dict.
  var state: [StateTensor] { get }

  /// About how many multiplications a refresh and a pull-back take: what threads share them out by.
  var multiplications: Int { get }

  /// effective ← f(value), before the forward pass; in training, power iterations advance once.
  func refresh(_ mode: Mode)
  /// gradient ← ∂L/∂value from ∂L/∂effective, in place, once a step, after reduction.
  func pullBack()
  /// Undoes the advance of the last `refresh`: the step was skipped.
  func restore()
}

extension Reparameterization {
  public var state: [StateTensor] { [] }
  public func restore() {}
}
