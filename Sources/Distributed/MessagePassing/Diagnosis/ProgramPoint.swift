/// Where a rank is in its program, for the diagnosis of a hang: the step, and what it does there.
public struct ProgramPoint: Equatable, Sendable {
  /// The step of training, counted from 1 since the start of the run; none outside of steps.
  public var step: Int?
  public var activity: Activity

  public init(step: Int? = nil, _ activity: Activity) {
    self.step = step
    self.activity = activity
  }

  public enum Activity: Equatable, Sendable {
    /// Reads data, builds the plan.
    case preparing
    /// Waits for a batch.
    case data
    /// Computes spectral norms, and what else is made of the weights.
    case refresh
    case forward
    case backward
    case forwardTangent
    case backwardTangent
    /// Sums one of so many buckets of gradients over ranks.
    case gradientBucket(of: Int)
    case update
    case replicaComparison
    case checkpoint
    case evaluation
    /// Goes through samples one by one, as for their curvature.
    case measurement
    /// Writes reports, agrees on the next act.
    case betweenSteps
    case ending
  }
}

extension ProgramPoint: CustomStringConvertible {
  public var description: String { worded("\(activity)") }

  /// With the batch norm or the bucket that the `ordinal`-th collective made there, on one stream, is for.
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
  public var description: String {
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
    case .evaluation: "evaluation"
    case .measurement: "measurement of samples"
    case .betweenSteps: "between steps"
    case .ending: "the end of the program"
    }
  }
}

extension ProgramPoint {
  /// Reading data, building the plan and writing a checkpoint may rightly take long on one rank alone.
  var patience: Double {
    switch activity {
    case .preparing, .checkpoint: 10
    default: 1
    }
  }

  /// Two words that ``init(words:)`` reads back.
  var words: (step: UInt64, activity: UInt64) {
    // 0 stands for no step.
    (UInt64(step.map { $0 + 1 } ?? 0), activity.word)
  }

  init?(words: (step: UInt64, activity: UInt64)) {
    guard let activity = Activity(word: words.activity) else { return nil }
    self.init(step: words.step == 0 ? nil : Int(words.step) - 1, activity)
  }
}

extension ProgramPoint.Activity {
  /// A number below 256 for the case, and above it what comes with the case.
  fileprivate var word: UInt64 {
    switch self {
    case .preparing: 0
    case .data: 1
    case .forward: 2
    case .backward: 3
    case .forwardTangent: 4
    case .backwardTangent: 5
    case .gradientBucket(let count): 6 | UInt64(count) << 8
    case .update: 7
    case .replicaComparison: 8
    case .checkpoint: 9
    case .evaluation: 10
    case .measurement: 11
    case .betweenSteps: 12
    case .ending: 13
    case .refresh: 14
    }
  }

  fileprivate init?(word: UInt64) {
    switch word & 0xFF {
    case 0: self = .preparing
    case 1: self = .data
    case 2: self = .forward
    case 3: self = .backward
    case 4: self = .forwardTangent
    case 5: self = .backwardTangent
    case 6: self = .gradientBucket(of: Int(word >> 8))
    case 7: self = .update
    case 8: self = .replicaComparison
    case 9: self = .checkpoint
    case 10: self = .evaluation
    case 11: self = .measurement
    case 12: self = .betweenSteps
    case 13: self = .ending
    case 14: self = .refresh
    default: return nil
    }
  }
}
