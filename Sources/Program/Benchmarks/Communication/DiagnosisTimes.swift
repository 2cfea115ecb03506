/// The cost of diagnosing hangs and differing replicas, per training step: seconds on rank 0.
public struct DiagnosisTimes: Sendable, Equatable, Codable {
  /// Windows of each kind, and the steps of one.
  public let rounds: Int
  public let steps: Int
  /// A step with ledger and watchdog off, median.
  public let seconds: Double
  /// A step with both on over one with both off.
  public let onOverOff: PairedRatios
  /// Both off over both off, for the noise.
  public let control: PairedRatios
  /// Records of collectives in the ledger.
  public let collectives: CountedCost
  /// Changes of the place in the step, which the ledger records.
  public let places: CountedCost
  /// Looks of the watchdog: publishing the ledger and reading the others'.
  public let looks: CountedCost
  /// Comparisons of all ranks' weights and state, which are not in the windows.
  public let comparisons: CountedCost

  /// The part of a step that all of these take together.
  public var counted: Double {
    [collectives, places, looks, comparisons].reduce(0) { $0 + $1.share(of: seconds) }
  }
}
