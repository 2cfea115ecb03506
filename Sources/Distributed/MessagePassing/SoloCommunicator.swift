import Failures
import Foundation

/// Rank 0 of 1: every sum is the value itself, and nobody has to be waited for.
public final class SoloCommunicator: Communicator {
  public let rank = 0
  public let size = 1

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

  public func duplicate() -> any Communicator { SoloCommunicator() }

  public func abort(code: Int32) -> Never { exit(code) }
}
