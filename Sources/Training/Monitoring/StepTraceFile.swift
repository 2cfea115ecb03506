import Foundation
import MessagePassing
import Networks

/// The spans of all ranks as a trace for Perfetto or chrome://tracing: complete events, in the order
/// of their starts, one process for each rank.
///
/// - Source: "Trace Event Format", the JSON array format with `ph: "X"`; times in microseconds.
struct StepTraceFile {
  let text: String

  /// Gathers the spans.
  ///
  /// Collective; nil on ranks other than 0.
  /// - Parameter hosts: host name of each rank; ranks of one host share a clock.
  init?(
    _ spans: [TraceRecorder.Span], layers: [String], hosts: [String],
    communicator: any Communicator
  ) {
    let offset = Self.clockOffset(hosts: hosts, communicator: communicator)
    let shifted = spans.map { span in
      TraceRecorder.Span(
        kind: span.kind, code: span.code, block: span.block, step: span.step, bytes: span.bytes,
        start: UInt64(max(Int64(span.start) - offset, 0)),
        end: UInt64(max(Int64(span.end) - offset, 0)))
    }
    let parts = communicator.allGather(RecordBytes.bytes(of: shifted))
    guard communicator.rank == 0 else { return nil }
    let ranks = parts.map { RecordBytes.records(TraceRecorder.Span.self, from: $0) }
    text = Self.json(ranks, layers: layers, hosts: hosts)
  }

  /// Nanoseconds by which this rank's clock is ahead of rank 0's; 0 on one host.
  ///
  /// After a barrier all ranks read their clocks, and the median of several readings is taken. The
  /// error is that of leaving a barrier, some tens of microseconds over a network.
  private static func clockOffset(hosts: [String], communicator: any Communicator) -> Int64 {
    let readings = (0..<9).map { _ -> Int64 in
      communicator.barrier()
      let all = communicator.allGather(RecordBytes.bytes(of: [TraceRecorder.now()]))
        .flatMap { RecordBytes.records(UInt64.self, from: $0) }
      return Int64(all[communicator.rank]) - Int64(all[0])
    }
    return hosts[communicator.rank] == hosts[0] ? 0 : readings.sorted()[readings.count / 2]
  }

  static func json(
    _ ranks: [[TraceRecorder.Span]], layers: [String], hosts: [String]
  ) -> String {
    let first = ranks.flatMap { $0.map(\.start) }.min() ?? 0
    let latest = Self.latestArrivals(ranks)
    var events = ranks.indices.map { rank in
      "{\"name\": \"process_name\", \"ph\": \"M\", \"pid\": \(rank), \"args\": {\"name\": "
        + "\"rank \(rank) on \(hosts[rank])\"}}"
    }
    for (rank, spans) in ranks.enumerated() {
      var numbers: [TraceRecorder.Span.Kind: Int] = [:]
      // A span that encloses others of the same start comes first.
      let numbered = spans.map { span -> (span: TraceRecorder.Span, number: Int) in
        defer { numbers[span.kind, default: 0] += 1 }
        return (span, numbers[span.kind, default: 0])
      }.sorted { ($0.span.start, $1.span.end) < ($1.span.start, $0.span.end) }
      for (span, number) in numbered {
        var arguments = "\"step\": \(span.step)"
        if span.kind == .batchNorm || span.kind == .gradients {
          arguments += ", \"bytes\": \(span.bytes)"
          if let late = latest[span.kind]?[number] { arguments += ", \"last to come\": \(late)" }
        }
        let start = Double(span.start - first) / 1000
        let duration = Double(span.end - span.start) / 1000
        events.append(
          "{\"name\": \"\(name(of: span, layers))\", \"cat\": \"\(span.kind)\", \"ph\": \"X\", "
            + "\"pid\": \(rank), \"tid\": 0, \"ts\": \(start), \"dur\": \(duration), "
            + "\"args\": {\(arguments)}}")
      }
    }
    return "{\"displayTimeUnit\": \"ms\", \"traceEvents\": [\n"
      + events.joined(separator: ",\n") + "\n]}\n"
  }

  /// For each collective, in its order, the rank that came last, whom the others waited for.
  ///
  /// Empty for a kind of which the ranks have recorded different numbers.
  private static func latestArrivals(
    _ ranks: [[TraceRecorder.Span]]
  ) -> [TraceRecorder.Span.Kind: [Int]] {
    var found: [TraceRecorder.Span.Kind: [Int]] = [:]
    for kind in [TraceRecorder.Span.Kind.batchNorm, .gradients] where ranks.count > 1 {
      let starts = ranks.map { $0.filter { $0.kind == kind }.map(\.start) }
      guard Set(starts.map(\.count)).count == 1 else { continue }
      found[kind] = starts[0].indices.map { number in
        starts.indices.max { starts[$0][number] < starts[$1][number] } ?? 0
      }
    }
    return found
  }

  private static func name(of span: TraceRecorder.Span, _ layers: [String]) -> String {
    let code = Int(span.code)
    switch span.kind {
    case .step: return "step \(span.step)"
    case .phase: return StepPhase.allCases[code].rawValue
    case .layer:
      let block = Int(span.block)
      let layer = layers.indices.contains(block) ? layers[block] : "\(block)"
      return "\(layer), \(Sweep.allCases[code].rawValue)"
    case .batchNorm: return "allreduce of a batch norm"
    case .gradients: return "allreduce of gradients"
    case .data: return "waiting for data"
    case .checkpoint: return "checkpoint"
    }
  }
}
