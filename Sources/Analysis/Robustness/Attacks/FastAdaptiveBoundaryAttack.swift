import Failures
import Tensors

/// Targeted FAB: steps to the linearized boundary between label and target, drawn back to the image.
///
/// With δ₁ and δ₂ the changes that bring x and the image x₀ to the hyperplane on which the linearized
/// difference z_t − z_y is 0 (see ``HyperplaneProjection``), x ← (1 − α)(x + ηδ₁) + α(x₀ + ηδ₂),
/// α = min(‖δ₁‖/(‖δ₁‖ + ‖δ₂‖), 0.1), η = 1.05. A misclassified x moves towards the image,
/// x ← x₀ + β(x − x₀), β = 0.9. Points may leave the ball, and count once they are inside it. It starts at
/// the image, and it does not depend on the scale of the logits.
/// - Source: Croce and Hein, "Minimally distorted adversarial examples with a fast adaptive boundary
///   attack", ICML 2020, algorithm 1; constants as in AutoAttack.
public struct FastAdaptiveBoundaryAttack: Attack {
  private static let overshoot = 1.05
  private static let largestPull = 0.1
  private static let retreat: Float = 0.9

  /// The target is the class with the `rank`-th largest logit of the wrong ones at the image, from 0.
  public let rank: Int
  public let iterations: Int

  public init(rank: Int, iterations: Int) {
    require(iterations > 0 && rank >= 0, "\(iterations) iterations for target \(rank)")
    self.rank = rank
    self.iterations = iterations
  }

  public func run(on slice: AttackedSlice) {
    for place in slice.samples.indices { slice.point(place).copy(from: slice.image(place)) }
    let targets = slice.targets(rank: rank)
    slice.forward()
    for iteration in 0..<iterations where !slice.active.isEmpty {
      let differences = slice.objectiveGradients { place, logits, gradient in
        AttackObjective.targetedMargin(
          logits, label: slice.samples[place].label, target: targets[place], gradient: gradient)
      }
      for place in slice.active { move(slice, place, difference: differences[place]) }
      slice.forwardAnywhere(slice.active)
      // The last point needs no gradient.
      if iteration == iterations - 1 { return }
      let beyond = slice.active.filter {
        slice.logits($0).prediction != slice.samples[$0].label
      }
      for place in beyond {
        let (x, image) = (slice.point(place), slice.image(place))
        for index in 0..<x.count {
          x[index] = image[index] + Self.retreat * (x[index] - image[index])
        }
      }
      if !beyond.isEmpty { slice.forwardAnywhere(beyond) }
    }
  }

  /// The next point of a sample, from its gradient of z_t − z_y, whose value is `difference`.
  private func move(_ slice: AttackedSlice, _ place: Int, difference: Double) {
    let (x, image) = (slice.point(place), slice.image(place))
    let normal = slice.gradient(place)
    let (fromPoint, fromImage) = (slice.scratch(place), slice.previous(place))
    // Of x − x₀ along the normal.
    var offset = 0.0
    for index in 0..<x.count {
      offset += Double(normal[index]) * (Double(x[index]) - Double(image[index]))
    }
    let projection = HyperplaneProjection(slice.threat.norm)
    let (first, second) = (
      projection.write(along: normal, from: x, target: -difference, into: fromPoint),
      projection.write(along: normal, from: image, target: offset - difference, into: fromImage)
    )
    guard first + second > 0 else { return }
    let pull = Float(min(first / (first + second), Self.largestPull))
    let overshoot = Float(Self.overshoot)
    for index in 0..<x.count {
      let moved =
        (1 - pull) * (x[index] + overshoot * fromPoint[index])
        + pull * (image[index] + overshoot * fromImage[index])
      x[index] = min(max(moved, 0), 1)
    }
  }
}
