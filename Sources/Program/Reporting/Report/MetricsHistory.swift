import Foundation
import Training

/// Steps, epochs and measurements of curvature in a run's `metrics.jsonl`.
struct MetricsHistory {
  /// A line of the file: numbers by name; those that are null are left out.
  struct Entry {
    let step: Int
    let epoch: Int
    let values: [String: Double]

    subscript(name: String) -> Double? { values[name] }
  }

  /// Steps, of which evenly spaced ones are kept.
  private(set) var steps: [Entry] = []
  private(set) var epochs: [Entry] = []
  private(set) var measurements: [Entry] = []
  /// Step of the last line; 0 without one.
  private(set) var lastStep = 0
  /// Why lines were left out.
  private(set) var problems: [String] = []

  /// Number of steps that a plot shows.
  private static let mostSteps = 400

  /// - Parameter source: names the file in the problems.
  init(_ bytes: [UInt8], source: String) {
    var lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: true)
    if let last = lines.last, last.last != UInt8(ascii: "}") {
      problems.append(
        "\(source):\(lines.count): the last line is incomplete and is left out; "
          + "train --resume removes it")
      lines.removeLast()
    }
    lastStep = lines.last.flatMap(Self.entry)?.step ?? 0
    let kinds = lines.map(Kind.init)
    let stride = max(1, (kinds.count { $0 == .step } + Self.mostSteps - 1) / Self.mostSteps)
    var seen = 0
    var damaged: [Int] = []
    var foreign: [(line: Int, version: Double)] = []
    for (index, (line, kind)) in zip(lines, kinds).enumerated() {
      if kind == .step {
        seen += 1
        guard (seen - 1) % stride == 0 else { continue }
      }
      guard let entry = Self.entry(line) else {
        damaged.append(index + 1)
        continue
      }
      if let version = entry["schema"], version > Double(MetricsFile.schema) {
        foreign.append((index + 1, version))
        continue
      }
      switch kind {
      case .step: steps.append(entry)
      case .epoch: epochs.append(entry)
      case .measurement: measurements.append(entry)
      }
    }
    if let first = damaged.first {
      problems.append(
        "\(source):\(first): expected a JSON object of numbers with \"step\" and \"epoch\""
          + (damaged.count > 1 ? "; \(damaged.count) such lines are left out" : ""))
    }
    if let first = foreign.first {
      problems.append(
        "\(source):\(first.line): schema \(Int(first.version)), this program reads up to "
          + "\(MetricsFile.schema); \(foreign.count) such line\(foreign.count == 1 ? "" : "s") "
          + "left out")
    }
  }

  private enum Kind {
    case step, epoch, measurement

    init(_ line: ArraySlice<UInt8>) {
      let text = Array(line.prefix(Self.prefix))
      func has(_ name: StaticString) -> Bool {
        let mark = UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount)
        return text.indices.contains { start in
          start + mark.count <= text.count
            && mark.indices.allSatisfy { text[start + $0] == mark[$0] }
        }
      }
      self =
        has("\"epoch/train-loss\"") ? .epoch : has("\"curvature/samples\"") ? .measurement : .step
    }

    /// The marks stand right behind schema, step and epoch.
    private static let prefix = 160
  }

  private static func entry(_ line: ArraySlice<UInt8>) -> Entry? {
    guard let values = try? JSONDecoder().decode([String: Cell].self, from: Data(line)),
      let step = values["step"]?.number, let epoch = values["epoch"]?.number,
      abs(step) < 1e15, abs(epoch) < 1e15
    else { return nil }
    return Entry(step: Int(step), epoch: Int(epoch), values: values.compactMapValues(\.number))
  }

  /// A value of a line; only numbers count.
  private struct Cell: Decodable {
    let number: Double?

    init(from decoder: any Decoder) throws {
      number = try? decoder.singleValueContainer().decode(Double.self)
    }
  }
}
