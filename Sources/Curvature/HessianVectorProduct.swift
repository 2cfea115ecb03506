import Layers
import Networks
import Preconditions
import Tensors

/// H·v per sample, H = ∇²ₓf, f the cross-entropy of the true label, in evaluation mode.
///
/// In evaluation mode samples do not interact, so one sweep over a batch is one product per sample: the
/// tangent of the backward pass along v. Needs a model that was built for curvature.
public struct HessianVectorProduct {
  public let model: Model
  private let loss = SoftmaxCrossEntropy()

  public init(_ model: Model) {
    require(
      model.configuration.purpose == .curvature, "a model built for \(model.configuration.purpose)")
    self.model = model
  }

  /// Logits and input gradients of the first `samples` samples of `model.input`.
  public func linearize(_ samples: Int, labels: UnsafeBufferPointer<Int32>) {
    model.forward(samples, mode: .evaluation)
    _ = loss.forward(model.logits.prefix(samples), labels: labels, scale: 1)
    model.backward(samples)
  }

  /// input.gradientTangent ← H·input.tangent, after `linearize`.
  public func apply(_ samples: Int) {
    model.forwardTangent(samples)
    loss.tangent(model.logits.prefix(samples), scale: 1)
    model.backwardTangent(samples)
  }
}
