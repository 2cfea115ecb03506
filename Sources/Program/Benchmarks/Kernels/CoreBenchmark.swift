import Kernels
import Tensors

#if canImport(Glibc)
  import Glibc
#endif

/// Measures ``CorePeaks``.
public struct CoreBenchmark {
  private let effort: Effort

  public init(_ effort: Effort) { self.effort = effort }

  /// - Throws: ``ArenaError`` if there is no memory for the buffers.
  public func run() throws -> CorePeaks {
    let multiplyAdd = multiplyAddRate()
    let bandwidth = try bandwidths()
    let page = Int(sysconf(Int32(_SC_PAGESIZE)))
    return CorePeaks(
      vectors: "\(VectorUnits.current)", blasCore: BLASCoreType.current,
      multiplyAdd: multiplyAdd, pairMultiplyAdd: pairRate(), read: bandwidth.read,
      copy: bandwidth.copy,
      triad: bandwidth.triad, pageFault: try pageFaultSeconds(page: page), pageBytes: page,
      products: try Self.shapes.map(product))
  }

  /// The extents of ResNet-18's layers, lowered, and of one large square product.
  private static let shapes = [
    (rows: 8192, inner: 576, columns: 64), (rows: 2048, inner: 1152, columns: 128),
    (rows: 512, inner: 2304, columns: 256), (rows: 128, inner: 4608, columns: 512),
    (rows: 1024, inner: 1024, columns: 1024),
  ]

  private static let multiplyAddRounds = 200_000

  private func multiplyAddRate() -> Double {
    var total: Float = 0
    let seconds = effort.median {
      total += MultiplyAddLoop.run(rounds: Self.multiplyAddRounds, factor: 0.999)
    }
    withExtendedLifetime(total) {}
    return Double(Self.multiplyAddRounds * MultiplyAddLoop.operationsPerRound) / seconds
  }

  private func pairRate() -> Double? {
    guard MultiplyAddLoop.hasBfloat16Instruction else { return nil }
    var total: Float = 0
    let seconds = effort.median {
      total += MultiplyAddLoop.runBfloat16(rounds: Self.multiplyAddRounds, factor: 0.5)
    }
    withExtendedLifetime(total) {}
    return Double(Self.multiplyAddRounds * MultiplyAddLoop.operationsPerBfloat16Round) / seconds
  }

  /// Bytes per second as STREAM counts them: reads and writes, without the lines that a write
  /// fetches first.
  private func bandwidths() throws -> (read: Double, copy: Double, triad: Double) {
    let count = effort.memoryBytes / MemoryLayout<Float>.stride
    let (tensors, arena) = try Arena.plan { arena in
      (0..<3).map { _ in arena.tensor(Shape(length: count)) }
    }
    defer { withExtendedLifetime(arena) {} }
    for tensor in tensors { tensor.fill(1) }
    let bytes = Double(effort.memoryBytes)
    var finite = true
    let read = effort.median { finite = isFinite(tensors[0]) && finite }
    let copy = effort.median { scale(tensors[0], by: 1, into: tensors[1]) }
    let triad = effort.median {
      combine(1, tensors[0], 0.5, tensors[1], into: tensors[2])
    }
    withExtendedLifetime(finite) {}
    return (bytes / read, 2 * bytes / copy, 3 * bytes / triad)
  }

  private func product(_ shape: (rows: Int, inner: Int, columns: Int)) throws
    -> CorePeaks.Product
  {
    let (tensors, arena) = try Arena.plan { arena in
      (
        arena.tensor(Shape(rows: shape.rows, columns: shape.inner)),
        arena.tensor(Shape(rows: shape.inner, columns: shape.columns)),
        arena.tensor(Shape(rows: shape.rows, columns: shape.columns))
      )
    }
    defer { withExtendedLifetime(arena) {} }
    let noise = Noise()
    noise.fill(tensors.0)
    noise.fill(tensors.1)
    let seconds = effort.median {
      multiply(.plain(tensors.0), .plain(tensors.1), into: tensors.2)
    }
    return CorePeaks.Product(
      rows: shape.rows, inner: shape.inner, columns: shape.columns,
      operations: 2 * Double(shape.rows * shape.inner * shape.columns) / seconds)
  }

  /// Seconds to touch a page of a fresh mapping for the first time, without huge pages.
  private func pageFaultSeconds(page: Int) throws -> Double {
    let bytes = effort.memoryBytes / 8
    let clock = ContinuousClock()
    var seconds: [Double] = []
    for _ in 0..<effort.rounds.lowerBound {
      let mapped = mmap(nil, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
      guard let mapped, mapped != MAP_FAILED else { throw ArenaError.outOfMemory(bytes: bytes) }
      defer { munmap(mapped, bytes) }
      madvise(mapped, bytes, MADV_NOHUGEPAGE)
      let start = clock.now
      for offset in stride(from: 0, to: bytes, by: page) {
        mapped.storeBytes(of: 1, toByteOffset: offset, as: UInt8.self)
      }
      seconds.append((clock.now - start) / .seconds(1))
    }
    return Effort.median(of: seconds) / Double(bytes / page)
  }
}
