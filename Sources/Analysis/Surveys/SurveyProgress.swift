import Datasets

/// How far a survey is over all ranks, as rank 0 sees it.
///
/// Rank 0 learns of other ranks where they exchange results anyway. In between it takes its own
/// share for an example: ranks share slices evenly, ±1.
public struct SurveyProgress: Sendable, Equatable {
  /// Name of the survey, which stays the same from its beginning to its end.
  public let survey: String
  /// Words for what is being done.
  public let stage: String
  /// Work that is done, and all work, in the same unit.
  public let done: Double
  public let total: Double
  /// Words for the number of samples; may be empty.
  public let count: String
  /// Whether the work may turn out to be less.
  public let isUpperBound: Bool

  public init(
    survey: String, stage: String, done: Double, total: Double, count: String,
    isUpperBound: Bool = false
  ) {
    self.survey = survey
    self.stage = stage
    self.done = done
    self.total = total
    self.count = count
    self.isUpperBound = isUpperBound
  }

  /// Share of the work that is done, 0 … 1.
  public var share: Double { total > 0 ? min(done / total, 1) : 0 }
}

extension SurveyProgress {
  /// The reading of a split, which ranks do at the same time: rank 0's is shown.
  public init(_ loading: LoadingProgress) {
    let stage = "\(loading.stage.rawValue) \(loading.split.rawValue) data"
    func megabytes(_ bytes: Int) -> Int { bytes / 1_000_000 }
    self.init(
      survey: stage, stage: stage, done: Double(loading.done), total: Double(loading.total),
      count: "\(megabytes(loading.done)) of \(megabytes(loading.total)) MB")
  }
}

/// Told of progress after every slice, and within long ones, on rank 0's first thread; must return at once, and make no
/// collectives.
public typealias SurveyObserver = (SurveyProgress) -> Void
