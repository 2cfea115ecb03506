/// How a run sums its gradients, and why so.
public struct GradientChoice: Sendable, Equatable {
  public enum Reason: Sendable, Equatable {
    /// There is nobody to sum with.
    case alone
    /// The recipe leaves one plan.
    case given
    /// All plans come to the same collectives.
    case onlyOne
    /// There are too few steps to be worth a measurement: the plainest plan.
    case shortRun
    /// An earlier start of the run settled it, with as many ranks and threads.
    case stored
    /// Each plan that was tried, with the time of a step.
    case measured([GradientMeasurement])
  }

  public let plan: GradientPlan
  public let reason: Reason
}
