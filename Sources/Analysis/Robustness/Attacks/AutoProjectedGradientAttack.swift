import Failures
import Kernels

/// Auto-PGD: projected gradient steps with momentum, and a step length that adapts to each sample.
///
/// z = P(x_k + η·d(∇f(x_k))), x_{k+1} = P(x_k + α(z − x_k) + (1 − α)(x_k − x_{k−1})). α is 1 in the
/// first iteration and 0.75 later; η starts at 2ε and is then the length of ``AdaptiveStep``.
/// - Source: Croce and Hein, "Reliable evaluation of adversarial robustness with an ensemble of
///   diverse parameter-free attacks", ICML 2020, algorithm 1.
public struct AutoProjectedGradientAttack: Attack {
  public enum Objective: Sendable, Equatable {
    case crossEntropy
    /// The targeted difference of logits ratio. The target is the class with the `rank`-th largest
    /// logit of the wrong ones at the image, from 0.
    case targetedRatio(rank: Int)
  }

  private static let momentumShare: Float = 0.25

  public let objective: Objective
  public let iterations: Int
  public let start: RandomStart

  public init(_ objective: Objective, iterations: Int, start: RandomStart) {
    require(iterations > 0, "\(iterations) iterations")
    self.objective = objective
    self.iterations = iterations
    self.start = start
  }

  public func run(on slice: AttackedSlice) {
    let targets = targets(slice)
    start.place(slice)
    slice.forward()
    if slice.active.isEmpty { return }
    let values = objectiveGradients(slice, targets)
    let checkpoints = AdaptiveStep.checkpoints(iterations: iterations)
    var steps = values.map {
      AdaptiveStep(length: 2 * slice.threat.epsilon, checkpoints: checkpoints, value: $0)
    }
    for place in slice.active {
      slice.previous(place).copy(from: slice.point(place))
      keepBest(slice, place)
    }
    for iteration in 0..<iterations {
      for place in slice.active {
        move(
          slice, place, by: steps[place].length, momentum: iteration == 0 ? 0 : Self.momentumShare)
      }
      slice.forward()
      // The last point needs no gradient.
      if slice.active.isEmpty || iteration == iterations - 1 { return }
      let values = objectiveGradients(slice, targets)
      for place in slice.active {
        if values[place] > steps[place].best { keepBest(slice, place) }
        if steps[place].advance(to: values[place]) == .returnToBest {
          slice.point(place).copy(from: slice.best(place))
          slice.gradient(place).copy(from: slice.bestGradient(place))
        }
      }
    }
  }

  /// x_{k+1} from x_k, x_{k−1} and the gradient at x_k.
  private func move(
    _ slice: AttackedSlice, _ place: Int, by length: Double, momentum: Float
  ) {
    let (x, z, previous) = (slice.point(place), slice.scratch(place), slice.previous(place))
    z.copy(from: x)
    slice.threat.ascend(z, along: slice.gradient(place), by: length)
    slice.threat.project(z, around: slice.image(place))
    // αz + 2(1 − α)x_k − (1 − α)x_{k−1}
    combine(1 - momentum, z, 2 * momentum, x, into: z)
    add(previous, times: -momentum, into: z)
    previous.copy(from: x)
    x.copy(from: z)
    slice.threat.project(x, around: slice.image(place))
  }

  private func keepBest(_ slice: AttackedSlice, _ place: Int) {
    slice.best(place).copy(from: slice.point(place))
    slice.bestGradient(place).copy(from: slice.gradient(place))
  }

  private func objectiveGradients(_ slice: AttackedSlice, _ targets: [Int]) -> [Double] {
    slice.objectiveGradients { place, logits, gradient in
      let label = slice.samples[place].label
      return switch objective {
      case .crossEntropy:
        AttackObjective.crossEntropy(logits, label: label, gradient: gradient)
      case .targetedRatio:
        AttackObjective.targetedRatio(
          logits, label: label, target: targets[place], gradient: gradient)
      }
    }
  }

  /// The target of each sample; empty for the cross-entropy.
  private func targets(_ slice: AttackedSlice) -> [Int] {
    guard case .targetedRatio(let rank) = objective else { return [] }
    return slice.targets(rank: rank)
  }
}
