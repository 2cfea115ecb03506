import Checkpoints
import EventFiles
import Files

/// `metrics.jsonl`: one flat JSON object per line, none of which depends on the node or on the
/// time.
///
/// A value that is not finite is written as null, and its key is listed under `nonfinite`. On
/// resume the lines after the checkpoint's step move to `metrics-rewound.jsonl`, so that a resumed
/// run's file equals an uninterrupted one's.
public final class MetricsFile {
  /// Version of the lines' format, which each line states as `schema`.
  public static let schema = 1

  let file: AppendOnlyFile
  /// Event file with these numbers for TensorBoard; nil if the user wants none.
  let events: EventFile?
  /// The same lines as a table; nil if the user wants none.
  private let table: MetricsTable?

  /// - Parameters:
  ///   - isWithinEpoch: whether the run goes on within an epoch; lines that reported on a part of
  ///     it, where a run was to end, are dropped.
  ///   - events: gets the finite numbers of every line.
  ///   - writesTable: whether the lines go into `metrics.csv` too.
  public init(
    _ run: RunDirectory, resumingAt step: Int?, isWithinEpoch: Bool = false,
    events: EventFile? = nil, writesTable: Bool = false
  ) throws {
    self.events = events
    if let step { try MetricsFile.rewind(run, to: step, isWithinEpoch: isWithinEpoch) }
    file = try run.openMetrics()
    table = writesTable ? try MetricsTable(of: run) : nil
  }

  /// Appends one object; keys are written in the order given.
  public func write(_ values: [(key: String, value: MetricValue)]) throws {
    var members = ["\"schema\": \(Self.schema)"]
    members += values.map { "\"\($0.key)\": \($0.value.json)" }
    let nonfinite = values.filter { !$0.value.isFinite }.map { "\"\($0.key)\"" }
    if !nonfinite.isEmpty {
      members.append("\"nonfinite\": [\(nonfinite.joined(separator: ", "))]")
    }
    try file.append(line: "{\(members.joined(separator: ", "))}")
    try table?.write(values)
    guard let events, case .integer(let step)? = values.first(where: { $0.key == "step" })?.value
    else { return }
    let scalars = values.compactMap { key, value -> Summary? in
      guard case .number(let number) = value, number.isFinite else { return nil }
      return .scalar(key, number)
    }
    try events.write(scalars, step: step)
  }

  /// Writes what the event file has collected.
  func flush() throws { try events?.flush() }

  private static func rewind(_ run: RunDirectory, to step: Int, isWithinEpoch: Bool) throws {
    try run.rewriteMetrics { line in
      // A line that a power failure has cut short must not stay.
      guard line.hasSuffix("}"), let value = number(of: "step", in: line) else { return false }
      let isOfStep = line.contains("\"train/")
      return value < step || value == step && (isOfStep || !isWithinEpoch)
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

  /// Whether it is a finite number, or none.
  var isFinite: Bool { if case .number(let value) = self { value.isFinite } else { true } }

  var json: String {
    switch self {
    case .integer(let value): "\(value)"
    case .number(let value): value.isFinite ? "\(value)" : "null"
    case .absent: "null"
    }
  }
}
