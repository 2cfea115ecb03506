import Failures

/// Projected gradient descent as a measurement: labels, evaluation mode, clipping, a random start,
/// and the best iterate, not the last.
///
/// The step is that of ``ProjectedGradientDescent``, with length 2.5·ε/steps: a sample can reach
/// the edge of the ball from any start, and still move along it.
/// - Source: Madry et al., "Towards deep learning models resistant to adversarial attacks", ICLR
///   2018.
public struct ProjectedGradientAttack: Attack {
  public let steps: Int
  public let start: RandomStart

  public init(steps: Int, start: RandomStart) {
    require(steps > 0, "\(steps) steps")
    self.steps = steps
    self.start = start
  }

  public func run(on slice: AttackedSlice) {
    let length = 2.5 * slice.threat.epsilon / Double(steps)
    start.place(slice)
    slice.forward()
    for _ in 0..<steps where !slice.active.isEmpty {
      _ = slice.objectiveGradients { place, logits, gradient in
        AttackObjective.crossEntropy(
          logits, label: slice.samples[place].label, gradient: gradient)
      }
      for place in slice.active {
        slice.threat.ascend(slice.point(place), along: slice.gradient(place), by: length)
        slice.threat.project(slice.point(place), around: slice.image(place))
      }
      slice.forward()
    }
  }
}
