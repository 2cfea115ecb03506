import Failures
import Layers
import Networks
import Tensors

/// H·v per sample, H = ∇²ₓf, in evaluation mode.
///
/// In evaluation mode samples do not interact, so one sweep over a batch computes one product per
/// sample: the tangent of the backward pass along v. The model must be built for curvature.
public struct HessianVectorProduct {
  public let gradient: InputGradient
  public var model: Model { gradient.model }

  public init(_ model: Model, of function: ScalarFunction = .loss) {
    require(
      model.configuration.purpose == .curvature, "a model built for \(model.configuration.purpose)")
    gradient = InputGradient(model, of: function)
  }

  /// Computes logits and input gradients of the first `samples` samples of `model.input`.
  public func linearize(_ samples: Int, labels: UnsafeBufferPointer<Int32>) {
    gradient.linearize(samples, labels: labels)
  }

  /// input.gradientTangent ← H·input.tangent; `linearize` must come first.
  public func apply(_ samples: Int) {
    model.forwardTangent(samples)
    gradient.writeTangent(samples)
    model.backwardTangent(samples)
  }
}
