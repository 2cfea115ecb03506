import Failures
import Foundation

/// Rank 0 of 1: every sum is the value itself, and no rank waits.
public final class SoloCommunicator: Communicator {
  public let rank = 0
  public let size = 1
  public let node = NodeGroup.alone

  public init() {}

  public func allreduce(_ buffer: UnsafeMutableBufferPointer<Float>) {}
  public func allreduce(_ buffer: UnsafeMutableBufferPointer<Double>) {}
  public func allreduce(_ buffer: UnsafeMutableBufferPointer<Int64>) {}

  public func startAllreduce(_ buffer: UnsafeMutableBufferPointer<Float>) {}
  public func startAllreduce(_ buffer: UnsafeMutableBufferPointer<Int64>) {}
  public func progress() {}
  public func waitForAllreduces() {}

  public func broadcast(_ bytes: UnsafeMutableRawBufferPointer, from root: Int) {
    require(root == 0, "broadcast from rank \(root), but there is only rank 0")
  }

  public func barrier() {}

  public func oncePerProcess<Value: Sendable>(_ make: () throws -> Value) throws -> Value {
    try make()
  }

  public func reductionMemory(bytes: Int) -> SharedMemory? { nil }
  public func nodeMemory(bytes: Int) -> SharedMemory? { nil }
  public func nodeBarrier() {}

  public func duplicate() -> any Communicator { SoloCommunicator() }

  public var programPoint: ProgramPoint? {
    get { nil }
    set {}
  }

  public func beat() {}

  public func abort(code: Int32) -> Never { exit(code) }
}
