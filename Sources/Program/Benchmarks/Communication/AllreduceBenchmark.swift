import MessagePassing

/// Measures ``AllreduceTimes``.
public struct AllreduceBenchmark {
  private let communicator: any Communicator
  private let effort: Effort
  private let clock = ContinuousClock()

  public init(communicator: any Communicator, _ effort: Effort) {
    self.communicator = communicator
    self.effort = effort
  }

  /// Collective; at least two ranks.
  ///
  /// - Parameter normChannels: channels of the network's batch norms.
  public func run(normChannels: [Int]) -> AllreduceTimes {
    let largest = sizes.max() ?? 0
    // Gradients lie in memory that the ranks of a node share and reduce in place.
    let shared = communicator.reductionMemory(bytes: largest)
    let memory =
      shared?.base ?? .allocate(byteCount: largest, alignment: MemoryLayout<Float>.alignment)
    defer { if shared == nil { memory.deallocate() } }
    let floats = memory.bindMemory(
      to: Float.self, capacity: largest / MemoryLayout<Float>.stride)
    floats.initialize(repeating: 0, count: largest / MemoryLayout<Float>.stride)
    let sums = sizes.map { bytes in
      let buffer = UnsafeMutableBufferPointer(
        start: floats, count: bytes / MemoryLayout<Float>.stride)
      return AllreduceTimes.Sum(
        bytes: bytes, seconds: seconds { communicator.allreduce(buffer) },
        startedSeconds: seconds {
          communicator.startAllreduce(buffer)
          communicator.waitForAllreduces()
        }, ranks: communicator.size)
    }
    let normSums = Set(normChannels).sorted().map { channels in
      let buffer = UnsafeMutableBufferPointer<Double>.allocate(capacity: 2 * channels + 1)
      defer { buffer.deallocate() }
      buffer.initialize(repeating: 0)
      return AllreduceTimes.Sum(
        bytes: buffer.count * MemoryLayout<Double>.stride,
        seconds: seconds { communicator.allreduce(buffer) }, ranks: communicator.size)
    }
    return AllreduceTimes(
      ranks: communicator.size, processes: processes, transfer: transfer(), sums: sums,
      normSums: normSums,
      fit: AllreduceFit(
        (sums + normSums).map { AllreduceFit.Point(bytes: $0.bytes, seconds: $0.seconds) }),
      startedFit: AllreduceFit(
        sums.compactMap { sum in
          sum.startedSeconds.map { AllreduceFit.Point(bytes: sum.bytes, seconds: $0) }
        }))
  }

  private var processes: Int {
    communicator.allGather([communicator.node.thread == 0 ? 1 : 0]).count { $0 == [1] }
  }

  /// Bytes from one float to the largest buffer, each four times the one before.
  private var sizes: [Int] {
    Array(sequence(first: 4) { $0 * 4 <= effort.largestSum ? $0 * 4 : nil })
  }

  private func transfer() -> AllreduceTimes.Transfer {
    let last = communicator.size - 1
    /// Half the time there and back.
    func seconds(bytes: Int) -> Double {
      let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes, alignment: 64)
      defer { buffer.deallocate() }
      buffer.initializeMemory(as: UInt8.self, repeating: 0)
      return self.seconds {
        communicator.broadcast(buffer, from: 0)
        communicator.broadcast(buffer, from: last)
      } / 2
    }
    let large = sizes.filter { $0 >= Self.smallestLarge }
    return AllreduceTimes.Transfer(
      latency: seconds(bytes: 1),
      bandwidth: large.map { Double($0) / seconds(bytes: $0) }.max() ?? 0,
      isPointToPoint: communicator.size == 2)
  }

  /// From here on bandwidth matters more than latency.
  private static let smallestLarge = 64 << 10

  /// Seconds of one `call`, the median of several series, on the slowest rank.
  private func seconds(_ call: () -> Void) -> Double {
    call()
    let first = series(1, call)
    var calls = [Int64(max(1, min(1000, effort.secondsPerSize / Double(Self.rounds) / first)))]
    // All ranks make as many calls.
    calls.withUnsafeMutableBytes { communicator.broadcast($0, from: 0) }
    let seconds = Effort.median(of: (0..<Self.rounds).map { _ in series(Int(calls[0]), call) })
    return communicator.allGather(bytes(of: seconds)).map(double).max() ?? seconds
  }

  private static let rounds = 5

  private func series(_ calls: Int, _ call: () -> Void) -> Double {
    communicator.barrier()
    let start = clock.now
    for _ in 0..<calls { call() }
    return (clock.now - start) / .seconds(1) / Double(calls)
  }

  private func bytes(of value: Double) -> [UInt8] { withUnsafeBytes(of: value) { Array($0) } }

  private func double(of bytes: [UInt8]) -> Double {
    bytes.withUnsafeBytes { $0.loadUnaligned(as: Double.self) }
  }
}
