import Synchronization

#if canImport(Glibc)
  import Glibc
#endif

/// Where the threads of a team wait for each other, again and again.
///
/// A thread that comes early looks for the last one at once, then gives its core away between looks,
/// and sleeps after ``patience``: threads of a training step mostly come within microseconds, and
/// where threads outnumber cores the late ones need the core.
final class ThreadBarrier: @unchecked Sendable {
  enum Passage { case open, neverOpens }

  /// Looks before the core is given away.
  private static let looks = 200
  /// A sleeper takes some 50 µs to wake, and may wake on another thread's core, where it stays for a while:
  /// with a tenth of this, two threads on two cores were once measured a tenth slower.
  private static let patience = Duration.milliseconds(10)

  private let size: Int
  private let arrived = Atomic<Int>(0)
  private let generation = Atomic<Int>(0)
  private let gone = Atomic<Int>(0)
  /// Raised before a sleeper looks at `generation` for the last time and read after that was
  /// advanced, so that either the sleeper sees the advance or the last thread sees the sleeper.
  private let sleepers = Atomic<Int>(0)
  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  private let advanced: UnsafeMutablePointer<pthread_cond_t>

  init(size: Int) {
    self.size = size
    mutex = .allocate(capacity: 1)
    advanced = .allocate(capacity: 1)
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(advanced, nil)
  }

  deinit {
    pthread_cond_destroy(advanced)
    pthread_mutex_destroy(mutex)
    advanced.deallocate()
    mutex.deallocate()
  }

  /// Returns when all threads are here; what each wrote before, all see after it.
  ///
  /// `.neverOpens`: a thread has left for good, and this one would wait for ever.
  func wait() -> Passage {
    let mine = generation.load(ordering: .acquiring)
    if arrived.add(1, ordering: .acquiringAndReleasing).newValue == size {
      arrived.store(0, ordering: .relaxed)
      generation.store(mine &+ 1, ordering: .sequentiallyConsistent)
      if sleepers.load(ordering: .sequentiallyConsistent) > 0 { wakeAll() }
      return .open
    }
    for _ in 0..<Self.looks where generation.load(ordering: .acquiring) != mine { return .open }
    let limit = ContinuousClock.now + Self.patience
    repeat {
      sched_yield()
      if let passage = look(mine) { return passage }
    } while ContinuousClock.now < limit
    return sleep(mine)
  }

  /// This thread will not come again.
  func leave() {
    gone.add(1, ordering: .sequentiallyConsistent)
    wakeAll()
  }

  /// Whether the waiting is over; nil while it is not.
  private func look(_ mine: Int) -> Passage? {
    // First: a thread that is gone may have opened this barrier before.
    let isDeserted = gone.load(ordering: .sequentiallyConsistent) > 0
    if generation.load(ordering: .sequentiallyConsistent) != mine { return .open }
    return isDeserted ? .neverOpens : nil
  }

  private func sleep(_ mine: Int) -> Passage {
    pthread_mutex_lock(mutex)
    sleepers.add(1, ordering: .sequentiallyConsistent)
    defer {
      sleepers.subtract(1, ordering: .relaxed)
      pthread_mutex_unlock(mutex)
    }
    while true {
      if let passage = look(mine) { return passage }
      pthread_cond_wait(advanced, mutex)
    }
  }

  private func wakeAll() {
    pthread_mutex_lock(mutex)
    pthread_cond_broadcast(advanced)
    pthread_mutex_unlock(mutex)
  }
}
