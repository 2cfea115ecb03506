import Synchronization

#if canImport(Glibc)
  import Glibc
#endif

/// Where the ranks of a machine meet, again and again: each says in its own shared memory how far it is.
///
/// A rank that comes early looks for the others at once, gives its core away between looks for a while, and
/// then sleeps between them: where ranks outnumber cores the late ones need the core.
final class NodeBarrier {
  /// What a rank meets the others for.
  struct Call: Equatable {
    enum Purpose: UInt64 { case allreduceFloat, allreduceDouble, allreduceInt64, end, barrier }

    var purpose: Purpose
    var count = 0
    /// Where the terms begin in each rank's memory.
    var offset = 0

    fileprivate var words: SIMD2<UInt64> {
      SIMD2(purpose.rawValue | UInt64(count) << 8, UInt64(offset))
    }
  }

  /// What each rank writes of itself: how many meetings it has come to, and what for.
  ///
  /// For this meeting and the one before, which a slow rank may still look at.
  private struct Line: ~Copyable {
    let arrivals: Atomic<UInt64>
    var even: SIMD2<UInt64>
    var odd: SIMD2<UInt64>
  }

  /// Bytes that a rank's line takes: two cache lines, since a processor may fetch those by pairs.
  static let lineBytes = 128

  /// Looks before the core is given away.
  private static let looks = 200
  /// How long the core is only lent; ranks of a training step mostly come within less.
  private static let patience = Duration.milliseconds(10)
  private static let nap: UInt32 = 50

  private let rank: Int
  private let size: Int
  private let lines: [UnsafeMutablePointer<Line>]
  private var arrivals: UInt64 = 0

  /// - Parameter memory: of which the first ``lineBytes`` are zero, and its own from here on.
  init(in memory: SharedMemory, rank: Int, size: Int) {
    self.rank = rank
    self.size = size
    lines = (0..<size).map { memory.base(ofRank: $0).assumingMemoryBound(to: Line.self) }
  }

  /// Returns when all ranks have come for the same; what each wrote before, all see after it.
  ///
  /// A rank that has come for something else has not come: why nobody goes on is the watchdog's to say.
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

  private func wait(until hasCome: () -> Bool) {
    for _ in 0..<Self.looks where hasCome() { return }
    let limit = ContinuousClock.now + Self.patience
    while ContinuousClock.now < limit {
      if hasCome() { return }
      sched_yield()
    }
    while !hasCome() { usleep(Self.nap) }
  }
}
