import Failures
import Tensors

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
    _ logits: Edge, labels: UnsafeBufferPointer<Int32>, scale: Float
  ) -> Result {
    let hasGradient = logits.gradient.isPresent
    var result = Result(loss: 0, correct: 0)
    for sample in 0..<logits.shape.samples {
      let label = Int(labels[sample])
      require(
        label >= 0 && label < logits.shape.channels,
        "label \(label) of \(logits.shape.channels) classes")
      let softmax = Softmax(
        UnsafeBufferPointer(row(sample, of: logits.value)),
        result: hasGradient ? row(sample, of: logits.gradient) : nil)
      result.loss += softmax.loss(of: label)
      if softmax.largest == label { result.correct += 1 }
      if hasGradient { softmax.writeGradient(of: label, scale: Double(scale)) }
    }
    return result
  }

  /// dz̄/dε = scale·(p∘ż − p⟨p, ż⟩).
  public func tangent(_ logits: Edge, scale: Float) {
    for sample in 0..<logits.shape.samples {
      let softmax = Softmax(
        UnsafeBufferPointer(row(sample, of: logits.value)),
        result: row(sample, of: logits.gradientTangent))
      softmax.writeGradientTangent(
        along: UnsafeBufferPointer(row(sample, of: logits.tangent)), scale: Double(scale))
    }
  }

  /// The `classes` numbers of one sample.
  private func row(_ sample: Int, of tensor: Tensor) -> UnsafeMutableBufferPointer<Float> {
    let classes = tensor.shape.channels
    return UnsafeMutableBufferPointer(start: tensor.pointer + sample * classes, count: classes)
  }
}
