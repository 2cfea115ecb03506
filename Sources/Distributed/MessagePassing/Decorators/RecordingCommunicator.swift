/// The results of a rank's collectives while it records, in the order in which they ended.
///
/// Used by the thread of its rank only.
public final class CollectiveRecord: @unchecked Sendable {
  /// Whether results are kept from now on.
  public var isRecording = false
  public private(set) var results: [[UInt8]]

  public init(results: [[UInt8]] = []) { self.results = results }

  fileprivate func append(_ bytes: UnsafeRawBufferPointer) {
    if isRecording { results.append(Array(bytes)) }
  }
}

/// A communicator that keeps the results of its collectives, and of those of its duplicates.
///
/// A ``ReplayingCommunicator`` gives them back to a single process.
public final class RecordingCommunicator: CommunicatorDecorator, @unchecked Sendable {
  public let base: any Communicator
  public let record: CollectiveRecord
  /// Buffers of started allreduces.
  private var started: [UnsafeRawBufferPointer] = []

  public init(_ base: any Communicator, record: CollectiveRecord = CollectiveRecord()) {
    self.base = base
    self.record = record
  }

  public func allreduce(_ buffer: UnsafeMutableBufferPointer<Float>) {
    base.allreduce(buffer)
    record.append(UnsafeRawBufferPointer(buffer))
  }

  public func allreduce(_ buffer: UnsafeMutableBufferPointer<Double>) {
    base.allreduce(buffer)
    record.append(UnsafeRawBufferPointer(buffer))
  }

  public func allreduce(_ buffer: UnsafeMutableBufferPointer<Int64>) {
    base.allreduce(buffer)
    record.append(UnsafeRawBufferPointer(buffer))
  }

  public func startAllreduce(_ buffer: UnsafeMutableBufferPointer<Float>) {
    base.startAllreduce(buffer)
    if record.isRecording { started.append(UnsafeRawBufferPointer(buffer)) }
  }

  public func startAllreduce(_ buffer: UnsafeMutableBufferPointer<Int64>) {
    base.startAllreduce(buffer)
    if record.isRecording { started.append(UnsafeRawBufferPointer(buffer)) }
  }

  public func waitForAllreduces() {
    base.waitForAllreduces()
    for buffer in started { record.append(buffer) }
    started.removeAll(keepingCapacity: true)
  }

  public func broadcast(_ bytes: UnsafeMutableRawBufferPointer, from root: Int) {
    base.broadcast(bytes, from: root)
    record.append(UnsafeRawBufferPointer(bytes))
  }

  public func duplicate() -> any Communicator {
    RecordingCommunicator(base.duplicate(), record: record)
  }
}
