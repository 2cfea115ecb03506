import RandomNumbers
import Tensors

/// Uniform numbers in ±½ for tensors whose values do not matter: a few thousand, repeated.
struct Noise {
  /// A prime, so that rows of a matrix do not repeat one another.
  private static let period = 4093
  private let values: [Float]

  init() {
    var generator = KeyedGenerator(seed: 0, purpose: .synthetic)
    values = (0..<Noise.period).map { _ in Float(generator.uniform() - 0.5) }
  }

  func fill(_ tensor: Tensor) {
    guard tensor.isPresent else { return }
    var start = 0
    values.withUnsafeBufferPointer { values in
      while start < tensor.count {
        let count = min(values.count, tensor.count - start)
        if let base = values.baseAddress {
          (tensor.pointer + start).update(from: base, count: count)
        }
        start += count
      }
    }
  }

  func fill(_ activation: Edge) {
    fill(activation.value)
    fill(activation.gradient)
    fill(activation.tangent)
    fill(activation.gradientTangent)
  }
}
