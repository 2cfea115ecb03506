import Failures
import Kernels
import Layers
import Networks
import Tensors

/// The function of the input whose gradient and Hessian are measured, one number f(x) per sample.
public enum ScalarFunction: String, Sendable, CaseIterable {
  /// The cross-entropy of the true label.
  case loss
  /// The logit margin z_y − z_r: y the true label, r its strongest rival; see ``LogitMargin``.
  case margin
}

/// ∇ₓf per sample, in evaluation mode, where samples do not interact.
///
/// The model must be built for input gradients or for curvature.
public struct InputGradient {
  public let model: Model
  public let function: ScalarFunction
  private let loss = SoftmaxCrossEntropy()
  private let margin = LogitMargin()

  public init(_ model: Model, of function: ScalarFunction = .loss) {
    let purpose = model.configuration.purpose
    require(purpose == .inputGradients || purpose == .curvature, "a model built for \(purpose)")
    self.model = model
    self.function = function
  }

  /// Computes model.logits and input.gradient for the first `samples` samples of `model.input`.
  ///
  /// - Parameter rivals: the classes that the margin subtracts; the strongest ones at the present
  ///   logits if nil.
  /// - Returns: the rivals, so that f can stay the same function at other points; none for the
  ///   loss.
  @discardableResult
  public func linearize(
    _ samples: Int, labels: UnsafeBufferPointer<Int32>, rivals: [Int32]? = nil
  ) -> [Int32] {
    model.forward(samples, mode: .evaluation)
    let logits = model.logits.prefix(samples)
    var subtracted: [Int32] = []
    switch function {
    case .loss:
      _ = loss.forward(logits, labels: labels, scale: 1)
    case .margin:
      subtracted = rivals ?? margin.rivals(logits, labels: labels)
      margin.writeGradient(logits, labels: labels, rivals: subtracted)
    }
    model.backward(samples)
    return subtracted
  }

  /// logits.gradientTangent ← the tangent of logits.gradient along logits.tangent.
  func writeTangent(_ samples: Int) {
    let logits = model.logits.prefix(samples)
    switch function {
    case .loss: loss.tangent(logits, scale: 1)
    case .margin: margin.tangent(logits)
    }
  }

  /// The class that the model predicts for a sample, after `linearize`; the first of equal logits.
  public func prediction(_ sample: Int) -> Int {
    let classes = model.logits.shape.channels
    let z = model.logits.value.pointer + sample * classes
    return (1..<max(classes, 1)).reduce(0) { z[$1] > z[$0] ? $1 : $0 }
  }

  /// ‖∇ₓf‖₂ of a sample, after `linearize`.
  public func norm(_ sample: Int) -> Double {
    sumOfSquares(model.input.gradient.slice(sample..<sample + 1)).squareRoot()
  }
}
