/// The cost of an action within a training step, by counting: on rank 0.
public struct CountedCost: Sendable, Equatable, Codable {
  /// Number of actions per step.
  public let perStep: Double
  /// Seconds of each.
  public let seconds: Double

  /// The part of a step that takes `step` seconds.
  public func share(of step: Double) -> Double { perStep * seconds / step }
}
