import Failures

/// Short stretches of time in which two or three kinds of steps are measured in turn.
///
/// The speed of a node drifts within seconds, by more than the effect being measured; neighbouring
/// windows share it.
struct Windows {
  /// Steps of one window.
  let steps: Int
  /// Windows of each kind.
  let rounds: Int
  private let kinds: Int

  /// Clocks and barriers take microseconds of it.
  private static let shortestWindow = 0.1
  private static let mostSteps = 1000

  /// - Parameters:
  ///   - stepSeconds: the time of a step of each kind, the same numbers on all ranks.
  ///   - leastSteps: the steps of a window at least.
  ///   - budget: seconds that all rounds should take together, within the bounds of `rounds`.
  init(
    _ effort: Effort, stepSeconds: [Double], leastSteps: Int, rounds: ClosedRange<Int>,
    budget: Double = 60
  ) {
    require(2...3 ~= stepSeconds.count, "windows of \(stepSeconds.count) kinds")
    kinds = stepSeconds.count
    guard effort == .standard else {
      (steps, self.rounds) = (leastSteps, Self.quickRounds)
      return
    }
    let fastest = stepSeconds.min() ?? 1
    let filling = min(Self.shortestWindow / fastest, Double(Self.mostSteps)).rounded(.up)
    steps = max(leastSteps, Int(filling))
    let wanted = budget / (Double(steps) * stepSeconds.reduce(0, +))
    self.rounds = Int(min(max(wanted, Double(rounds.lowerBound)), Double(rounds.upperBound)))
  }

  private static let quickRounds = 3

  /// Runs `body` with every kind in every round.
  ///
  /// The orders of six rounds give each kind each place equally often.
  func run(_ body: (Int) -> Void) {
    for round in 0..<rounds {
      for kind in Self.orders[round % Self.orders.count] where kind < kinds { body(kind) }
    }
  }

  private static let orders = [
    [0, 1, 2], [2, 1, 0], [1, 2, 0], [0, 2, 1], [2, 0, 1], [1, 0, 2],
  ]
}
