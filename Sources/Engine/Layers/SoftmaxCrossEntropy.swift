import Failures
import Tensors

#if canImport(Glibc)
  import Glibc
#endif

/// ℓ_i = −log softmax(z_i)[label_i], the end of every network, with its gradient and tangent.
///
/// `scale` is what each sample counts for: 1/(global batch) in training, so that gradients are *summed*
/// over ranks; 1 where per-sample quantities are wanted. z is [N, 1, 1, classes].
public struct SoftmaxCrossEntropy {
  /// Sums over the samples of one call, in double precision.
  public struct Result: Sendable, Equatable {
    public var loss: Double
    public var correct: Int
  }

  public init() {}

  /// z̄ = scale·(p − onehot); returns the *unscaled* sum of the losses and the number of hits.
  ///
  /// The gradient is written where the edge has one. Of equal logits the first is the prediction.
  public func forward(
    _ logits: Activation, labels: UnsafeBufferPointer<Int32>, scale: Float
  ) -> Result {
    let classes = logits.shape.channels
    var result = Result(loss: 0, correct: 0)
    for sample in 0..<logits.shape.samples {
      let z = logits.value.pointer + sample * classes
      let label = Int(labels[sample])
      require(label >= 0 && label < classes, "label \(label) of \(classes) classes")
      let (largest, logSum) = logSumExp(z, classes)
      result.loss += Double(logSum - z[label])
      if largest == label { result.correct += 1 }
      guard logits.gradient.isPresent else { continue }
      let gradient = logits.gradient.pointer + sample * classes
      for index in 0..<classes {
        let probability = exp(z[index] - logSum)
        gradient[index] = scale * (probability - (index == label ? 1 : 0))
      }
    }
    return result
  }

  /// dz̄/dε = scale·(p∘ż − p⟨p, ż⟩).
  public func tangent(_ logits: Activation, scale: Float) {
    let classes = logits.shape.channels
    for sample in 0..<logits.shape.samples {
      let z = logits.value.pointer + sample * classes
      let tangent = logits.tangent.pointer + sample * classes
      let out = logits.gradientTangent.pointer + sample * classes
      let (_, logSum) = logSumExp(z, classes)
      var mean: Float = 0
      for index in 0..<classes { mean += exp(z[index] - logSum) * tangent[index] }
      for index in 0..<classes {
        out[index] = scale * exp(z[index] - logSum) * (tangent[index] - mean)
      }
    }
  }

  private func logSumExp(_ z: UnsafeMutablePointer<Float>, _ classes: Int) -> (Int, Float) {
    var largest = 0
    for index in 1..<max(classes, 1) where z[index] > z[largest] { largest = index }
    var sum: Float = 0
    for index in 0..<classes { sum += exp(z[index] - z[largest]) }
    return (largest, z[largest] + log(sum))
  }
}
