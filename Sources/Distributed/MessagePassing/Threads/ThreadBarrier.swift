import Synchronization

#if canImport(Glibc)
  import Glibc
#endif

/// Barrier of the threads of a team, used again and again; see ``SpinThenSleep`` for the wait.
final class ThreadBarrier: @unchecked Sendable {
  enum Passage { case open, neverOpens }

  private let size: Int
  private let arrived = Atomic<Int>(0)
  private let generation = Atomic<Int>(0)
  private let gone = Atomic<Int>(0)
  /// Incremented before a sleeper reads `generation` for the last time, and read after `generation`
  /// has advanced: either the sleeper sees the advance or the last thread sees the sleeper.
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

  /// Returns when all threads are here; each then sees what the others wrote before.
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
    return SpinThenSleep.wait({ look(mine) }, sleep: { sleep(mine) })
  }

  /// Records that this thread will not come again.
  func leave() {
    gone.add(1, ordering: .sequentiallyConsistent)
    wakeAll()
  }

  /// Outcome of the wait; nil while it goes on.
  private func look(_ mine: Int) -> Passage? {
    // Read first: a thread that is gone may have opened this barrier before.
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
