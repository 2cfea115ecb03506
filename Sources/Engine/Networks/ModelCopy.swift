import Failures
import Tensors

extension Model {
  /// Takes over another model's parameters, running statistics and power-iteration vectors.
  ///
  /// Both are of one architecture, built for whatever purposes; `refresh` comes after it.
  public func copyParameters(of other: Model) {
    require(
      architecture == other.architecture, "\(other.architecture) copied into \(architecture)")
    for (target, source) in zip(parameters, other.parameters) {
      target.value.copy(from: source.value)
    }
    for (target, source) in zip(state, other.state) { target.tensor.copy(from: source.tensor) }
  }
}
