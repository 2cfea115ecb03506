import Failures
import MessagePassing

/// Ranks that are threads of one process, for tests of code that communicates, without MPI.
///
/// An allreduce adds in rank order and allocates nothing. Started allreduces are made by
/// ``waitForAllreduces()``, and trap if a buffer has been written in between. Ranks that disagree
/// about a collective, its count or its root, and ranks that would wait for ever, trap; the message
/// names the call of each rank.
public final class InProcessCommunicator: SplittableCommunicator {
  public let rank: Int
  public var size: Int { group.size }
  public let node = NodeGroup.alone
  private let group: InProcessGroup
  private let started = StartedAllreduces()

  init(rank: Int, group: InProcessGroup) {
    self.rank = rank
    self.group = group
  }

  public func allreduce(_ buffer: UnsafeMutableBufferPointer<Float>) {
    allreduce(buffer, as: .allreduceFloat)
  }

  public func allreduce(_ buffer: UnsafeMutableBufferPointer<Double>) {
    allreduce(buffer, as: .allreduceDouble)
  }

  public func allreduce(_ buffer: UnsafeMutableBufferPointer<Int64>) {
    allreduce(buffer, as: .allreduceInt64)
  }

  public func startAllreduce(_ buffer: UnsafeMutableBufferPointer<Float>) {
    started.add(.floats(buffer))
  }

  public func startAllreduce(_ buffer: UnsafeMutableBufferPointer<Int64>) {
    started.add(.integers(buffer))
  }

  public func progress() {}

  public func waitForAllreduces() {
    started.takeAll { buffer in
      switch buffer {
      case .floats(let values): allreduce(values)
      case .integers(let values): allreduce(values)
      }
    }
  }

  public func broadcast(_ bytes: UnsafeMutableRawBufferPointer, from root: Int) {
    require(
      (0..<size).contains(root), "broadcast from rank \(root), but there are \(size) ranks")
    let call = InProcessGroup.Call(
      operation: .broadcast(root: root), count: bytes.count, base: bytes.baseAddress)
    group.meet(rank: rank, call)
    if rank != root { bytes.copyMemory(from: UnsafeRawBufferPointer(group.bytes(of: root))) }
    group.wait(rank: rank)
  }

  public func barrier() {
    group.meet(rank: rank, InProcessGroup.Call(operation: .barrier, count: 0, base: nil))
  }

  /// The ranks stand for processes: each calls `make`.
  public func oncePerProcess<Value: Sendable>(_ make: () throws -> Value) throws -> Value {
    try make()
  }

  public func reductionMemory(bytes: Int) -> SharedMemory? { nil }
  public func nodeMemory(bytes: Int) -> SharedMemory? { nil }
  public func nodeBarrier() {}

  public var programPoint: ProgramPoint? {
    get { nil }
    set {}
  }

  public func beat() {}

  public func duplicate() -> any Communicator {
    group.meet(rank: rank, InProcessGroup.Call(operation: .duplicate, count: 0, base: nil))
    return InProcessCommunicator(rank: rank, group: group.duplicate(for: rank))
  }

  public func split(color: Int) -> any SplittableCommunicator {
    group.meet(rank: rank, InProcessGroup.Call(operation: .split, count: 0, base: nil))
    let part = group.split(for: rank, color: color)
    return InProcessCommunicator(rank: part.rank, group: part.group)
  }

  public func abort(code: Int32) -> Never {
    fatalError("rank \(rank) of \(size) threads aborts with code \(code)")
  }

  /// Each rank adds its slice of the elements, in rank order, and writes the sums to all ranks.
  ///
  /// No two threads write to one element, and the order does not depend on the order of arrival.
  private func allreduce<Element: AdditiveArithmetic>(
    _ buffer: UnsafeMutableBufferPointer<Element>, as operation: InProcessGroup.Operation
  ) {
    let call = InProcessGroup.Call(
      operation: operation, count: buffer.count, base: UnsafeMutableRawPointer(buffer.baseAddress))
    group.meet(rank: rank, call)
    let mine = rank * buffer.count / size..<(rank + 1) * buffer.count / size
    if !mine.isEmpty {
      let total = group.values(of: 0, as: Element.self)
      for other in 1..<size {
        let values = group.values(of: other, as: Element.self)
        for index in mine { total[index] += values[index] }
      }
      for other in 1..<size {
        let values = group.values(of: other, as: Element.self)
        for index in mine { values[index] = total[index] }
      }
    }
    group.wait(rank: rank)
  }
}
