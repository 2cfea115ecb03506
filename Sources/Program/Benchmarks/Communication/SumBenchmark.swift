import MessagePassing

/// Times of allreduces of many sizes, and the link between the ranks.
public struct SumTimes: Sendable, Equatable, Codable {
  /// An allreduce of one size, on the slowest rank.
  public struct Sum: Sendable, Equatable, Codable {
    public let bytes: Int
    public let seconds: Double
    /// The time of the allreduce when it is started and awaited at once, as overlapped ones of
    /// gradients are.
    public let startedSeconds: Double?
    /// Bytes of the buffer per second.
    public let algorithmBandwidth: Double
    /// Bytes per second that a rank has sent at least, 2(n − 1)/n of the buffer.
    public let busBandwidth: Double

    init(bytes: Int, seconds: Double, startedSeconds: Double? = nil, ranks: Int) {
      self.bytes = bytes
      self.seconds = seconds
      self.startedSeconds = startedSeconds
      algorithmBandwidth = Double(bytes) / seconds
      busBandwidth = Link.busFactor(ranks: ranks) * algorithmBandwidth
    }
  }

  /// Broadcasts there and back, which show the bandwidth of the link.
  public struct Transfer: Sendable, Equatable, Codable {
    /// Seconds for one byte from rank 0 to the others.
    public let latency: Double
    /// Bytes per second, of the fastest size.
    public let bandwidth: Double
    /// With two ranks a broadcast is one message; with more it is several.
    public let isPointToPoint: Bool
  }

  public let ranks: Int
  /// The processes whose threads the ranks are; allreduces within one go through its memory.
  public let processes: Int
  public let transfer: Transfer
  /// Allreduces of floats, as for gradients.
  public let sums: [Sum]
  /// Allreduces of doubles, of the sizes of the network's batch norms.
  public let normSums: [Sum]
  public let fit: SumFit?
  /// The fit of floats, started and awaited.
  public let startedFit: SumFit?
}

/// Measures ``SumTimes``.
public struct SumBenchmark {
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
  public func run(normChannels: [Int]) -> SumTimes {
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
      return SumTimes.Sum(
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
      return SumTimes.Sum(
        bytes: buffer.count * MemoryLayout<Double>.stride,
        seconds: seconds { communicator.allreduce(buffer) }, ranks: communicator.size)
    }
    return SumTimes(
      ranks: communicator.size, processes: processes, transfer: transfer(), sums: sums,
      normSums: normSums,
      fit: SumFit((sums + normSums).map { SumFit.Point(bytes: $0.bytes, seconds: $0.seconds) }),
      startedFit: SumFit(
        sums.compactMap { sum in
          sum.startedSeconds.map { SumFit.Point(bytes: sum.bytes, seconds: $0) }
        }))
  }

  private var processes: Int {
    communicator.allGather([communicator.node.thread == 0 ? 1 : 0]).count { $0 == [1] }
  }

  /// Bytes from one float to the largest buffer, each four times the one before.
  private var sizes: [Int] {
    Array(sequence(first: 4) { $0 * 4 <= effort.largestSum ? $0 * 4 : nil })
  }

  private func transfer() -> SumTimes.Transfer {
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
    return SumTimes.Transfer(
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
