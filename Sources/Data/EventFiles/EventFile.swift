import Files
import Foundation

/// An event file of TensorBoard, which grows during a run.
///
/// A record is its length, the masked checksum of the length, an `Event` message, and its masked
/// checksum. Records are collected and written every few seconds.
/// - Source: TensorFlow, core/lib/io/record_writer.h and core/util/event.proto.
public final class EventFile {
  private static let interval = 5.0
  private static let capacity = 65_536

  public let path: String
  private let file: OutputFile
  private var pending: [UInt8] = []
  private var lastWrite: Double

  /// Creates a file with a name of its own in `directory`.
  ///
  /// - Parameter step: of the checkpoint that the run resumes from; TensorBoard then hides what
  ///   other files of the folder have of later steps. Nil for a fresh run.
  /// - Source: TensorBoard, event_accumulator.py: a session that starts at step s hides steps ≥ s.
  public init(in directory: String, resumingAt step: Int?) throws(FileError) {
    let now = Date().timeIntervalSince1970
    let host = ProcessInfo.processInfo.hostName
    let process = ProcessInfo.processInfo.processIdentifier
    let number = UInt64.random(in: 0..<1_000_000)
    path =
      "\(directory)/events.out.tfevents.\(String(format: "%010d", Int(now))).\(host)."
      + "\(process).\(number)"
    file = try OutputFile(path)
    lastWrite = now
    var version = ProtocolBuffer()
    version.add(1, now)
    version.add(3, "brain.Event:2")
    append(version)
    if let step {
      var session = ProtocolBuffer()
      session.add(1, Int64(1))  // START
      var event = ProtocolBuffer()
      event.add(1, now)
      event.add(2, Int64(step + 1))
      event.add(7, session)
      append(event)
    }
    try flush()
  }

  /// Adds an event with several values.
  public func write(_ summaries: [Summary], step: Int) throws(FileError) {
    guard !summaries.isEmpty else { return }
    let now = Date().timeIntervalSince1970
    var summary = ProtocolBuffer()
    for value in summaries { summary.add(1, value.message) }
    var event = ProtocolBuffer()
    event.add(1, now)
    event.add(2, Int64(step))
    event.add(5, summary)
    append(event)
    if now - lastWrite > Self.interval || pending.count > Self.capacity { try flush() }
  }

  /// Writes what has been collected.
  public func flush() throws(FileError) {
    lastWrite = Date().timeIntervalSince1970
    guard !pending.isEmpty else { return }
    try file.append(pending)
    pending.removeAll(keepingCapacity: true)
  }

  private func append(_ event: ProtocolBuffer) {
    func add(_ value: some FixedWidthInteger) {
      withUnsafeBytes(of: value.littleEndian) { pending.append(contentsOf: $0) }
    }
    let length = UInt64(event.bytes.count)
    add(length)
    add(CRC32C.masked(withUnsafeBytes(of: length.littleEndian) { Array($0) }))
    pending += event.bytes
    add(CRC32C.masked(event.bytes))
  }
}
