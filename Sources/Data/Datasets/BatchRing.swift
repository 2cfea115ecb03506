#if canImport(Glibc)
  import Glibc
#endif

/// Ring of batches between the thread that assembles them and the thread that uses them.
///
/// Batch i lies in slot i mod depth. `assembled` counts the batches written, and `taken` counts the
/// batches lent. The last batch taken stays lent until the next one is requested. `mutex` guards
/// the counts and the phase. The assembling thread writes a slot only while its batch is neither
/// waiting nor lent.
final class BatchRing: @unchecked Sendable {
  private enum Phase {
    case running
    /// All batches are assembled; the waiting ones may still be taken.
    case assembledAll
    case stopped
  }

  private let assembly: BatchAssembly
  private let start: BatchPosition
  private let epochs: Int

  private let slots: [BatchMemory]
  private let batches: UnsafeMutablePointer<Batch>
  private let order: UnsafeMutableBufferPointer<Int32>

  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  private let batchReady: UnsafeMutablePointer<pthread_cond_t>
  private let slotFree: UnsafeMutablePointer<pthread_cond_t>
  private var assembled = 0
  private var taken = 0
  private var lent = 0
  private var phase = Phase.running

  init(assembly: BatchAssembly, from start: BatchPosition, epochs: Int, depth: Int) {
    self.assembly = assembly
    self.start = start
    self.epochs = epochs
    let numbers = assembly.dataset.pixelsPerImage
    slots = (0..<depth).map { _ in BatchMemory(samples: assembly.capacity, numbers: numbers) }
    batches = .allocate(capacity: depth)
    order = BatchMemory.allocate(count: assembly.sampler.count, filledWith: 0)
    mutex = .allocate(capacity: 1)
    batchReady = .allocate(capacity: 1)
    slotFree = .allocate(capacity: 1)
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(batchReady, nil)
    pthread_cond_init(slotFree, nil)
  }

  deinit {
    pthread_cond_destroy(slotFree)
    pthread_cond_destroy(batchReady)
    pthread_mutex_destroy(mutex)
    slotFree.deallocate()
    batchReady.deallocate()
    mutex.deallocate()
    order.deallocate()
    batches.deallocate()
    for slot in slots { slot.deallocate() }
  }

  // MARK: - The assembling thread

  /// Assembles every batch of the run, waiting while all slots are in use; returns early if
  /// stopped.
  func assembleAll() {
    let stepsPerEpoch = assembly.sampler.stepsPerEpoch
    var position = start
    while position.epoch < epochs {
      if position.step < stepsPerEpoch {
        assembly.sampler.order.fill(order, epoch: position.epoch)
      }
      while position.step < stepsPerEpoch {
        guard let slot = waitForSlot() else { return }
        batches[slot] = assembly.assemble(at: position, order: order, into: slots[slot])
        handOver()
        position = BatchPosition(epoch: position.epoch, step: position.step + 1)
      }
      position = BatchPosition(epoch: position.epoch + 1, step: 0)
    }
    end(as: .assembledAll)
  }

  /// The slot of the next batch, or nil once stopped.
  private func waitForSlot() -> Int? {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    while phase == .running && assembled - taken + lent == slots.count {
      pthread_cond_wait(slotFree, mutex)
    }
    return phase == .running ? assembled % slots.count : nil
  }

  private func handOver() {
    pthread_mutex_lock(mutex)
    assembled += 1
    pthread_cond_signal(batchReady)
    pthread_mutex_unlock(mutex)
  }

  // MARK: - The using thread

  /// Takes the lent batch back and lends the next one; nil after the last batch or after
  /// ``stop()``.
  ///
  /// Adds the time spent waiting to `waited`.
  func next(waited: inout Duration) -> Batch? {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    if lent == 1 {
      lent = 0
      pthread_cond_signal(slotFree)
    }
    if phase == .running && taken == assembled {
      let beginning = ContinuousClock.now
      while phase == .running && taken == assembled { pthread_cond_wait(batchReady, mutex) }
      waited += ContinuousClock.now - beginning
    }
    guard phase != .stopped, taken < assembled else { return nil }
    let slot = taken % slots.count
    taken += 1
    lent = 1
    return batches[slot]
  }

  /// Makes the assembling thread return after its current batch.
  func stop() { end(as: .stopped) }

  private func end(as last: Phase) {
    pthread_mutex_lock(mutex)
    if phase != .stopped { phase = last }
    pthread_cond_broadcast(batchReady)
    pthread_cond_broadcast(slotFree)
    pthread_mutex_unlock(mutex)
  }
}
