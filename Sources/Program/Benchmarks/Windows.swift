/// Short stretches of time in which three things are measured in turns, round after round.
///
/// The speed of a machine drifts within seconds, by more than what is to be found out; neighbours share it.
struct Windows {
  /// Steps of one window.
  let steps: Int
  /// Windows of each of the three.
  let rounds: Int

  /// As long as this many seconds, if the rounds are enough.
  private static let seconds = 60.0
  /// Clocks and barriers take microseconds of it.
  private static let shortestWindow = 0.1
  private static let mostSteps = 1000

  /// - Parameters:
  ///   - stepSeconds: what a step takes, the same number on all ranks.
  ///   - leastSteps: of a window.
  init(_ effort: Effort, stepSeconds: Double, leastSteps: Int, rounds: ClosedRange<Int>) {
    guard effort == .standard else {
      (steps, self.rounds) = (leastSteps, Self.quickRounds)
      return
    }
    let filling = min(Self.shortestWindow / stepSeconds, Double(Self.mostSteps)).rounded(.up)
    steps = max(leastSteps, Int(filling))
    let wanted = Self.seconds / (3 * Double(steps) * stepSeconds)
    self.rounds = Int(min(max(wanted, Double(rounds.lowerBound)), Double(rounds.upperBound)))
  }

  private static let quickRounds = 3

  /// Runs `body` with 0, 1 and 2 in every round, in orders that within six rounds give each of them each place twice.
  func run(_ body: (Int) -> Void) {
    for round in 0..<rounds {
      for kind in Self.orders[round % Self.orders.count] { body(kind) }
    }
  }

  private static let orders = [
    [0, 1, 2], [2, 1, 0], [1, 2, 0], [0, 2, 1], [2, 0, 1], [1, 0, 2],
  ]
}
