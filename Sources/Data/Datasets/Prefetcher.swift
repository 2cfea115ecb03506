import Failures
import Threading

/// Batches of one rank, which a background thread assembles ahead of their use.
///
/// All memory is allocated at the start: one sample order and `depth` batches. One batch is lent;
/// the others are waiting or being filled. For evaluation, samples are in natural order and are not
/// augmented. Only one thread may use a prefetcher.
public final class Prefetcher {
  /// The thread in messages.
  public static let threadName = "the thread that reads batches ahead"

  private let ring: BatchRing
  private var thread: WorkerThread?

  /// Time that ``next()`` has spent waiting for the background thread.
  public private(set) var waited = Duration.zero

  /// Starts assembling batches for rank `rank` of `size`, from `start` to the end of epoch `epochs`
  /// − 1.
  ///
  /// - Throws: ``ThreadError`` if the system cannot start the thread.
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
    thread = try WorkerThread(Self.threadName) { [ring] in
      ring.assembleAll()
    }
  }

  deinit { stop() }

  /// Next batch, valid until the following call; nil after the last batch of the run or after
  /// ``stop()``.
  public func next() -> Batch? { ring.next(waited: &waited) }

  /// Stops the background thread and waits for its end; the batch lent last stays valid.
  public func stop() {
    guard let running = thread else { return }
    ring.stop()
    running.join()
    thread = nil
  }
}
