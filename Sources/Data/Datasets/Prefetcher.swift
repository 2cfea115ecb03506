import Failures

#if canImport(Glibc)
  import Glibc
#endif

/// One rank's batches of a run, assembled ahead of their use by a background thread.
///
/// Everything is allocated at the start: `depth` batches, of which one is lent and the others are being
/// filled or wait, and one sample order. The same type serves evaluation: natural order, no augmentation.
/// Not for use by several threads.
public final class Prefetcher {
  private let ring: BatchRing
  private var thread: pthread_t?

  /// Time that ``next()`` has spent waiting for the background thread.
  public private(set) var waited = Duration.zero

  /// Starts assembling for rank `rank` of `size` at `start`, through the end of epoch `epochs` − 1.
  ///
  /// Throws ``DatasetError/noThread(reason:)`` if the system refuses a thread.
  public init(
    dataset: Dataset, sampler: ShardedSampler, augmentation: Augmentation = .none,
    rank: Int, size: Int, from start: BatchPosition = .start, epochs: Int, depth: Int = 3
  ) throws(DatasetError) {
    require(
      sampler.count == dataset.count,
      "an order of \(sampler.count) samples over a data set of \(dataset.count)")
    require((0..<size).contains(rank), "rank \(rank) of \(size)")
    require(depth >= 2, "\(depth) batches leave none to fill while one is in use")
    let assembly = BatchAssembly(
      dataset: dataset, sampler: sampler, augmentation: augmentation, rank: rank, size: size)
    ring = BatchRing(assembly: assembly, from: start, epochs: epochs, depth: depth)
    thread = try Self.startThread(of: ring)
  }

  deinit { stop() }

  /// The next batch, valid until the following call; nil after the last one of the run or after ``stop()``.
  public func next() -> Batch? { ring.next(waited: &waited) }

  /// Ends the background thread and waits for it; the batch lent last stays valid.
  public func stop() {
    guard let running = thread else { return }
    ring.stop()
    pthread_join(running, nil)
    thread = nil
  }

  /// Starts the thread with every signal blocked, so that signals reach the thread that handles them.
  private static func startThread(of ring: BatchRing) throws(DatasetError) -> pthread_t {
    var all = sigset_t()
    var previous = sigset_t()
    sigfillset(&all)
    pthread_sigmask(SIG_BLOCK, &all, &previous)
    defer { pthread_sigmask(SIG_SETMASK, &previous, nil) }
    let context = Unmanaged.passRetained(ring)
    var thread = pthread_t()
    let status = pthread_create(
      &thread, nil,
      { context in
        guard let context else { return nil }
        Unmanaged<BatchRing>.fromOpaque(context).takeRetainedValue().assembleAll()
        return nil
      }, context.toOpaque())
    guard status == 0 else {
      context.release()
      throw .noThread(reason: String(cString: strerror(status)))
    }
    return thread
  }
}
