import Digests
import Foundation
import MessagePassing

/// Keeps what a survey has found, so that a survey that was ended can go on; on all ranks.
public struct SurveyKeeper {
  /// Name of the file with the findings.
  public let path: String
  /// On rank 0.
  let state: SurveyState?
  private let agreement: Agreement
  private let communicator: any Communicator
  private let stopRequest: () -> Bool

  /// - Parameters:
  ///   - state: open on rank 0, nil on the others.
  ///   - stopRequest: whether somebody has asked this rank for the end.
  public init(
    _ path: String, _ state: SurveyState?, over communicator: any Communicator,
    stopRequest: @escaping () -> Bool = { false }
  ) {
    self.path = path
    self.state = state
    self.communicator = communicator
    agreement = Agreement(communicator)
    self.stopRequest = stopRequest
  }

  /// Removes the file on rank 0, when the results are written.
  public func remove() throws { try state?.remove() }

  /// Whether this rank is to leave out the rest of its work until the ranks meet.
  var isStopRequested: Bool { stopRequest() }

  /// Ends the survey on all ranks if one of them was asked to.
  ///
  /// Collective.
  func stopIfRequested() throws {
    let requests = communicator.allGather([isStopRequested ? 1 : 0])
    if requests.contains([1]) { throw SurveyError.stopped(state: path) }
  }

  /// A line of the state: some records of a sweep, which follow those of the lines before.
  private struct Line: Codable {
    let sweep: String
    /// Number of the sweep's bytes before these.
    let first: Int
    /// The records' bytes in Base64, and their SHA-256: they are taken as they are.
    let records: String
    let sha256: String
  }

  /// The records of a sweep that were kept, on all ranks.
  ///
  /// Collective.
  func records<Record: BitwiseCopyable>(_ type: Record.Type, of sweep: String) throws -> [Record] {
    let kept = try agreement.perform { try state.map { try keptBytes(of: sweep, in: $0) } ?? [] }
    return RecordBytes.records(type, from: communicator.allGather(kept)[0])
  }

  private func keptBytes(of sweep: String, in state: SurveyState) throws -> [UInt8] {
    var bytes: [UInt8] = []
    for (number, text) in state.lines.enumerated() {
      guard let line = try? JSONDecoder().decode(Line.self, from: Data(text.utf8)),
        let records = Data(base64Encoded: line.records),
        Array(records).withUnsafeBytes({ SHA256Digest.hexadecimal(of: $0) }) == line.sha256,
        line.sweep != sweep || line.first == bytes.count
      else { throw SurveyError.damagedState(path: path, line: number + 2) }
      if line.sweep == sweep { bytes += records }
    }
    return bytes
  }

  /// Adds records of a sweep, which follow the first `count`.
  ///
  /// Collective.
  func keep<Record: BitwiseCopyable>(
    _ records: [Record], of sweep: String, after count: Int
  ) throws {
    try agreement.performOnRoot {
      guard let state, !records.isEmpty else { return }
      let bytes = RecordBytes.bytes(of: records)
      let line = Line(
        sweep: sweep, first: count * MemoryLayout<Record>.stride,
        records: Data(bytes).base64EncodedString(),
        sha256: bytes.withUnsafeBytes { SHA256Digest.hexadecimal(of: $0) })
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
      try state.append([String(decoding: try encoder.encode(line), as: UTF8.self)])
    }
  }
}
