import Failures

/// The step length of one sample in Auto-PGD, which is halved at checkpoints where it no longer
/// helps.
///
/// Checkpoints are the iterations ⌈p_j·N⌉ with p_0 = 0, p_1 = 0.22 and p_{j+1} = p_j + max(p_j −
/// p_{j−1} − 0.03, 0.06). At a checkpoint the step is halved, and the sample returns to its best
/// point, if 1. fewer than ρ = 0.75 of the iterations since the last checkpoint raised the
/// objective, or 2. neither step nor best value have changed since the last checkpoint.
/// - Source: Croce and Hein, ICML 2020, §4 and algorithm 1.
package struct AdaptiveStep {
  private static let risingShare = 0.75

  package private(set) var length: Double
  /// The largest value so far.
  package private(set) var best: Double
  private let checkpoints: [Int]
  private var next = 0
  private var iteration = 0
  private var lastCheckpoint = 0
  private var rises = 0
  private var value: Double
  private var bestAtCheckpoint: Double
  private var wasHalved = false

  /// The advice after an iteration.
  package enum Advice { case goOn, returnToBest }

  /// - Parameter value: the objective at the start.
  package init(length: Double, checkpoints: [Int], value: Double) {
    self.length = length
    self.checkpoints = checkpoints
    self.value = value
    best = value
    bestAtCheckpoint = value
  }

  /// Records the value of an iteration.
  package mutating func advance(to newValue: Double) -> Advice {
    iteration += 1
    if newValue > value { rises += 1 }
    value = newValue
    best = max(best, newValue)
    guard next < checkpoints.count, iteration == checkpoints[next] else { return .goOn }
    let isRisingRarely = Double(rises) < Self.risingShare * Double(iteration - lastCheckpoint)
    let isStuck = !wasHalved && best == bestAtCheckpoint
    wasHalved = isRisingRarely || isStuck
    bestAtCheckpoint = best
    lastCheckpoint = iteration
    rises = 0
    next += 1
    guard wasHalved else { return .goOn }
    length /= 2
    value = best
    return .returnToBest
  }

  /// The checkpoints of `iterations` iterations, without the one at 0.
  package static func checkpoints(iterations: Int) -> [Int] {
    require(iterations > 0, "\(iterations) iterations")
    // In integer hundredths, so that the ceiling does not see the rounding of a sum.
    var (before, p) = (0, 22)
    var checkpoints: [Int] = []
    while p <= 100 {
      let iteration = (p * iterations + 99) / 100
      if iteration > checkpoints.last ?? 0 { checkpoints.append(iteration) }
      (before, p) = (p, p + max(p - before - 3, 6))
    }
    return checkpoints
  }
}
