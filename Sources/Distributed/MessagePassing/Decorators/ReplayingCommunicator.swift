import Failures

/// One rank of a job by itself: its collectives return what they returned in the job.
///
/// Until ``begin()``, which follows the construction of the model, it changes no buffer.
public final class ReplayingCommunicator: Communicator, @unchecked Sendable {
  /// Results that the communicator and its duplicates have in common.
  private final class Results {
    var isReplaying = false
    var next = 0
    let all: [[UInt8]]
    init(_ all: [[UInt8]]) { self.all = all }
  }

  public let rank: Int
  public let size: Int
  public let node = NodeGroup.alone
  private let results: Results
  private var started: [UnsafeMutableRawBufferPointer] = []

  public convenience init(rank: Int, size: Int, record: CollectiveRecord) {
    self.init(rank: rank, size: size, Results(record.results))
  }

  private init(rank: Int, size: Int, _ results: Results) {
    self.rank = rank
    self.size = size
    self.results = results
  }

  /// Lets the next collective return the first result.
  public func begin() { results.isReplaying = true }

  /// Whether every result has been returned.
  public var isAtEnd: Bool { results.next == results.all.count }

  private func take(_ bytes: UnsafeMutableRawBufferPointer) {
    guard results.isReplaying else { return }
    require(results.next < results.all.count, "a collective that was not recorded")
    let result = results.all[results.next]
    require(
      result.count == bytes.count,
      "collective \(results.next) of \(bytes.count) bytes, but \(result.count) were recorded")
    results.next += 1
    bytes.copyBytes(from: result)
  }

  public func allreduce(_ buffer: UnsafeMutableBufferPointer<Float>) {
    take(UnsafeMutableRawBufferPointer(buffer))
  }

  public func allreduce(_ buffer: UnsafeMutableBufferPointer<Double>) {
    take(UnsafeMutableRawBufferPointer(buffer))
  }

  public func allreduce(_ buffer: UnsafeMutableBufferPointer<Int64>) {
    take(UnsafeMutableRawBufferPointer(buffer))
  }

  public func startAllreduce(_ buffer: UnsafeMutableBufferPointer<Float>) {
    started.append(UnsafeMutableRawBufferPointer(buffer))
  }

  public func startAllreduce(_ buffer: UnsafeMutableBufferPointer<Int64>) {
    started.append(UnsafeMutableRawBufferPointer(buffer))
  }

  public func progress() {}

  public func waitForAllreduces() {
    for buffer in started { take(buffer) }
    started.removeAll(keepingCapacity: true)
  }

  public func broadcast(_ bytes: UnsafeMutableRawBufferPointer, from root: Int) { take(bytes) }

  public func barrier() {}

  public func oncePerProcess<Value: Sendable>(_ make: () throws -> Value) throws -> Value {
    try make()
  }

  public func reductionMemory(bytes: Int) -> SharedMemory? { nil }
  public func nodeMemory(bytes: Int) -> SharedMemory? { nil }
  public func nodeBarrier() {}

  public func duplicate() -> any Communicator {
    ReplayingCommunicator(rank: rank, size: size, results)
  }

  public var programPoint: ProgramPoint? {
    get { nil }
    set { _ = newValue }
  }

  public func beat() {}

  public func abort(code: Int32) -> Never { unreachable("a replayed rank aborts with \(code)") }
}
