/// One question about the machine and the launch, answered from what the ranks have read.
public protocol Check: Sendable {
  /// A name in words and hyphens, unique in ``Examination/checks``.
  var id: String { get }
  /// Whether the answer needs facts only that are read in a few milliseconds.
  var isInstant: Bool { get }
  func verdict(on job: JobFacts) -> Verdict
}

extension Check {
  public var isInstant: Bool { true }
}

/// The answer of a ``Check``.
public enum Verdict: Equatable, Sendable {
  case fine(String)
  /// It works, but slowly or not for long; the remedy is a command or a setting.
  case warning(String, remedy: String)
  /// Training would fail or give up.
  case failure(String, remedy: String)
  /// Nothing to answer here, and the reason.
  case skipped(String)

  public var label: String {
    switch self {
    case .fine: "ok"
    case .warning: "warning"
    case .failure: "failure"
    case .skipped: "skipped"
    }
  }

  public var text: String {
    switch self {
    case .fine(let text), .warning(let text, _), .failure(let text, _), .skipped(let text): text
    }
  }

  public var remedy: String? {
    switch self {
    case .warning(_, let remedy), .failure(_, let remedy): remedy
    case .fine, .skipped: nil
    }
  }

  public var isProblem: Bool { remedy != nil }
}
