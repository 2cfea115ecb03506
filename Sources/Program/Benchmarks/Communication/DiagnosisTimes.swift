/// What the diagnosis of hangs and of replicas that differ costs a step of training.
///
/// On rank 0, seconds.
public struct DiagnosisTimes: Sendable, Equatable, Codable {
  /// Something that the diagnosis does, so often in a step and for so long each time.
  public struct Cost: Sendable, Equatable, Codable {
    public let perStep: Double
    public let seconds: Double

    /// Its part of a step.
    public func share(of step: Double) -> Double { perStep * seconds / step }
  }

  /// Windows of each kind, and the steps of one.
  public let rounds: Int
  public let steps: Int
  /// A step with ledger and watchdog off, median.
  public let seconds: Double
  /// A step with both on over one with both off.
  public let onOverOff: PairedRatios
  /// Both off over both off, for the noise.
  public let control: PairedRatios
  /// Collectives that are written into the ledger, by the time of one that does nothing else.
  public let collectives: Cost
  /// Changes of the place in the step, in the ledger too.
  public let places: Cost
  /// Looks of the watchdog: publishing the ledger and reading the others'.
  public let looks: Cost
  /// Comparisons of all ranks' weights and state, which are not in the windows.
  public let comparisons: Cost

  /// The parts of a step that all of these take.
  public var counted: Double {
    [collectives, places, looks, comparisons].reduce(0) { $0 + $1.share(of: seconds) }
  }
}
