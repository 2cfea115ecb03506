/// Point of the program that a rank has reached, for the diagnosis of a hang: the step and the
/// activity.
public struct ProgramPoint: Equatable, Sendable {
  /// Training step, counted from 1 since the start of the run; nil outside of steps.
  public var step: Int?
  public var activity: Activity

  public init(step: Int? = nil, _ activity: Activity) {
    self.step = step
    self.activity = activity
  }

  public enum Activity: Equatable, Sendable {
    /// Reading data and building the plan.
    case preparing
    /// Waiting for a batch.
    case data
    /// Computing spectral norms and other values that depend on the weights only.
    case refresh
    case forward
    case backward
    case forwardTangent
    case backwardTangent
    /// Reducing one of `of` buckets of gradients.
    case gradientBucket(of: Int)
    case update
    case replicaComparison
    case checkpoint
    /// Looking for the first value that is not finite.
    case nonFiniteSearch
    case evaluation
    /// Measuring samples one by one, for example their curvature.
    case measurement
    /// Writing reports and agreeing on the next action.
    case betweenSteps
    case ending
  }
}

extension ProgramPoint: CustomStringConvertible {
  public var description: String { worded("\(activity)") }

  /// Description with the number of the batch norm or bucket.
  ///
  /// - Parameter ordinal: number, from 1, among the collectives that the rank makes at this point
  ///   on one stream.
  func description(ordinal: Int) -> String {
    switch activity {
    case .forward, .forwardTangent: worded("\(activity), batch norm \(ordinal)")
    case .backward, .backwardTangent: worded("\(activity), batch norm \(ordinal) from the end")
    case .gradientBucket(let count): worded("gradient bucket \(ordinal) of \(count)")
    default: description
    }
  }

  private func worded(_ activity: String) -> String {
    step.map { "step \($0), \(activity)" } ?? activity
  }
}

extension ProgramPoint.Activity: CustomStringConvertible {
  public var description: String { "\(name)" }

  /// A constant, which a signal handler can print.
  var name: StaticString {
    switch self {
    case .preparing: "preparation"
    case .data: "waiting for a batch"
    case .refresh: "refresh"
    case .forward: "forward"
    case .backward: "backward"
    case .forwardTangent: "forward tangent"
    case .backwardTangent: "backward tangent"
    case .gradientBucket: "allreduce of gradients"
    case .update: "update"
    case .replicaComparison: "comparison of replicas"
    case .checkpoint: "checkpoint"
    case .nonFiniteSearch: "search for what is not finite"
    case .evaluation: "evaluation"
    case .measurement: "measurement of samples"
    case .betweenSteps: "between steps"
    case .ending: "the end of the program"
    }
  }
}
