import Failures
import Threading

/// One rank's batches of a run, assembled ahead of their use by a background thread.
///
/// Everything is allocated at the start: `depth` batches, of which one is lent and the others are
/// being filled or wait, and one sample order. The same type serves evaluation: natural order, no
/// augmentation. Not for use by several threads.
public final class Prefetcher {
  private let ring: BatchRing
  private var thread: WorkerThread?

  /// Time that ``next()`` has spent waiting for the background thread.
  public private(set) var waited = Duration.zero

  /// Starts assembling for rank `rank` of `size` at `start`, through the end of epoch `epochs` − 1.
  ///
  /// - Throws: ``ThreadError`` if the system refuses the thread.
  public init(
    dataset: Dataset, sampler: ShardedSampler, augmentation: Augmentation = .none,
    rank: Int, size: Int, from start: BatchPosition = .start, epochs: Int, depth: Int = 3
  ) throws(ThreadError) {
    require(
      sampler.count == dataset.count,
      "an order of \(sampler.count) samples over a data set of \(dataset.count)")
    require((0..<size).contains(rank), "rank \(rank) of \(size)")
    require(depth >= 2, "\(depth) batches leave none to fill while one is in use")
    let assembly = BatchAssembly(
      dataset: dataset, sampler: sampler, augmentation: augmentation, rank: rank, size: size)
    ring = BatchRing(assembly: assembly, from: start, epochs: epochs, depth: depth)
    thread = try WorkerThread("the thread that reads batches ahead") { [ring] in
      ring.assembleAll()
    }
  }

  deinit { stop() }

  /// The next batch, valid until the following call; nil after the last one of the run or after
  /// ``stop()``.
  public func next() -> Batch? { ring.next(waited: &waited) }

  /// Ends the background thread and waits for it; the batch lent last stays valid.
  public func stop() {
    guard let running = thread else { return }
    ring.stop()
    running.join()
    thread = nil
  }
}
