/// The cost of what a run records and shows of its steps: seconds on rank 0.
public struct ObservationTimes: Sendable, Equatable, Codable {
  /// Windows of each kind, and the steps of one.
  public let rounds: Int
  public let steps: Int
  /// A step that nothing observes, median.
  public let seconds: Double
  /// A step with metrics, event file and display over one without.
  public let defaultsOverOff: PairedRatios
  /// A step with a trace over one without.
  public let traceOverOff: PairedRatios
  /// Lines of metrics, into the event file too.
  public let metrics: CountedCost
  /// Lines in place on a terminal, ten times a second at most.
  public let display: CountedCost
  /// Spans of a trace.
  public let spans: CountedCost

  /// The part of a step that metrics, event file and display take.
  public var defaults: Double { metrics.share(of: seconds) + display.share(of: seconds) }
}
