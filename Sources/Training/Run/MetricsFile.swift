import Checkpoints
import Files

/// `metrics.jsonl`: one flat JSON object per line, none of which depends on the node or on the
/// time.
///
/// A value that is not finite is written as null. On resume the lines after the checkpoint's step
/// are dropped, so that a resumed run's file equals an uninterrupted one's.
public final class MetricsFile {
  /// Version of the lines' format, which a line states as `schema` if it is not the first.
  public static let schema = 1

  private let file: AppendOnlyFile

  public init(_ run: RunDirectory, resumingAt step: Int?) throws {
    if let step { try MetricsFile.rewind(run, to: step) }
    file = try run.openMetrics()
  }

  /// Appends one object; keys are written in the order given.
  public func write(_ values: [(key: String, value: MetricValue)]) throws {
    let members = values.map { "\"\($0.key)\": \($0.value.json)" }
    try file.append(line: "{\(members.joined(separator: ", "))}")
  }

  /// Returns when all lines are on the disk.
  public func sync() throws { try file.sync() }

  private static func rewind(_ run: RunDirectory, to step: Int) throws {
    try run.rewriteMetrics { line in
      // A line that a power failure has cut short must not stay.
      guard line.hasSuffix("}"), let value = number(of: "step", in: line) else { return false }
      return value <= step
    }
  }

  /// The number of a key in a line that this type has written.
  private static func number(of key: String, in line: Substring) -> Int? {
    guard let range = line.range(of: "\"\(key)\": ") else { return nil }
    return Int(line[range.upperBound...].prefix { $0.isNumber })
  }
}

/// A value of a metric.
public enum MetricValue: Sendable, Equatable {
  case integer(Int)
  case number(Double)
  case absent

  var json: String {
    switch self {
    case .integer(let value): "\(value)"
    case .number(let value): value.isFinite ? "\(value)" : "null"
    case .absent: "null"
    }
  }
}
