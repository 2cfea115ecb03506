/// All checks of a job, and their answers.
public struct Examination: Sendable {
  /// Every check, in the order of the report.
  public static let checks: [any Check] = [
    MPILibraryCheck(), SameLibraryCheck(), SameProgramCheck(), LauncherCheck(), ThreadLevelCheck(),
    RootCheck(), OversubscriptionCheck(), SlurmCoresCheck(), BindingCheck(), ThreadsCheck(),
    ControlGroupCheck(), BLASCoreCheck(), MatrixProductCheck(), VectorUnitsCheck(), GovernorCheck(),
    MemoryCheck(), HugePagesCheck(), SingleCopyCheck(), SharedMemoryCheck(), StaleSegmentsCheck(),
    AddressSpaceCheck(), OpenFilesCheck(), ProcessesCheck(), TemporaryDirectoryCheck(),
    InterfacesCheck(), BarrierCheck(), BandwidthCheck(), ClockCheck(), EnvironmentCheck(),
    DebuggerCheck(), RunDirectoryCheck(), DiskSpaceCheck(), FileNumbersCheck(), WriteSpeedCheck(),
    DataCheck(),
  ]

  public struct Answer: Sendable {
    public let id: String
    public let verdict: Verdict
  }

  public let answers: [Answer]

  /// Asks every check, or those that are instant.
  public init(of job: JobFacts, instantOnly: Bool = false) {
    answers = Self.checks.filter { $0.isInstant || !instantOnly }
      .map { Answer(id: $0.id, verdict: $0.verdict(on: job)) }
  }

  public var problems: [Answer] { answers.filter(\.verdict.isProblem) }

  public var hasFailure: Bool {
    answers.contains { if case .failure = $0.verdict { true } else { false } }
  }

  /// A line per check, and one more for each remedy.
  public var text: String {
    let width = answers.map(\.id.count).max() ?? 0
    func padded(_ word: String, _ width: Int) -> String {
      word + String(repeating: " ", count: max(0, width - word.count))
    }
    let lines = answers.flatMap { answer in
      let head = "\(padded(answer.verdict.label, 8))\(padded(answer.id, width))  "
      return ["\(head)\(answer.verdict.text)"]
        + (answer.verdict.remedy.map { ["\(padded("", 8 + width))  remedy: \($0)"] } ?? [])
    }
    let failures = answers.count { $0.verdict.label == "failure" }
    return
      (lines + [
        "\(answers.count) checks: \(failures) failures, \(problems.count - failures) warnings"
      ]).joined(separator: "\n")
  }
}

extension Examination: Encodable {
  private struct Line: Encodable {
    let id: String
    let verdict: String
    let text: String
    let remedy: String?
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode([
      "checks": answers.map {
        Line(
          id: $0.id, verdict: $0.verdict.label, text: $0.verdict.text, remedy: $0.verdict.remedy)
      }
    ])
  }
}
