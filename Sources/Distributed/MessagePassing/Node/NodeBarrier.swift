import Synchronization

#if canImport(Glibc)
  import Glibc
#endif

/// Barrier of the ranks of a node, used again and again: each counts its arrivals in its shared
/// memory.
///
/// See ``SpinThenSleep`` for the wait.
final class NodeBarrier {
  /// Operation for which a rank waits at the barrier.
  struct Call: Equatable {
    enum Purpose: UInt64 { case allreduceFloat, allreduceDouble, allreduceInt64, end, barrier }

    var purpose: Purpose
    var count = 0
    /// Offset of the terms in the memory of each rank, in bytes.
    var offset = 0

    fileprivate var words: SIMD2<UInt64> {
      SIMD2(purpose.rawValue | UInt64(count) << 8, UInt64(offset))
    }
  }

  /// State that a rank publishes: its number of arrivals, and its call at the last two of them.
  ///
  /// A slow rank may still read the call before the last.
  private struct Line: ~Copyable {
    let arrivals: Atomic<UInt64>
    var even: SIMD2<UInt64>
    var odd: SIMD2<UInt64>
  }

  /// Bytes of a rank's line: two cache lines, since a processor may fetch them in pairs.
  static let lineBytes = 128

  /// Microseconds between two looks of a rank that sleeps.
  private static let nap: UInt32 = 50

  private let rank: Int
  private let size: Int
  private let lines: [UnsafeMutablePointer<Line>]
  private var arrivals: UInt64 = 0

  /// - Parameter memory: shared memory; the barrier uses its first ``lineBytes``, which must be
  ///   zero.
  init(in memory: SharedMemory, rank: Int, size: Int) {
    self.rank = rank
    self.size = size
    lines = (0..<size).map { memory.base(ofRank: $0).assumingMemoryBound(to: Line.self) }
  }

  /// Returns when all ranks have arrived with an equal call; each then sees what the others wrote
  /// before.
  ///
  /// It waits for a rank that has arrived with another call: the watchdog finds the disagreement.
  func wait(for call: Call) {
    arrivals += 1
    let isOdd = arrivals % 2 == 1
    let words = call.words
    if isOdd { lines[rank].pointee.odd = words } else { lines[rank].pointee.even = words }
    lines[rank].pointee.arrivals.store(arrivals, ordering: .releasing)
    for other in 0..<size where other != rank {
      wait { lines[other].pointee.arrivals.load(ordering: .acquiring) >= arrivals }
      wait { (isOdd ? lines[other].pointee.odd : lines[other].pointee.even) == words }
    }
  }

  private func wait(until isOver: () -> Bool) {
    SpinThenSleep.wait({ isOver() ? () : nil }, sleep: { while !isOver() { usleep(Self.nap) } })
  }
}
