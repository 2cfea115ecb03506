import Datasets
import Layers
import MessagePassing
import Networks
import Tensors

/// Loss and accuracy of a data set, every sample exactly once, for any number of ranks.
public struct Evaluator {
  public struct Result: Sendable, Equatable {
    public let samples: Int
    public let correct: Int
    /// Mean cross-entropy.
    public let loss: Double
    /// Share of hits, 0 … 1.
    public var accuracy: Double { Double(correct) / Double(samples) }
  }

  private let model: Model
  private let dataset: Dataset
  private let communicator: any Communicator
  private let loss = SoftmaxCrossEntropy()

  public init(_ model: Model, _ dataset: Dataset, communicator: any Communicator) {
    self.model = model
    self.dataset = dataset
    self.communicator = communicator
  }

  /// The whole data set in evaluation mode, in its own order.
  ///
  /// Collective. Counts and sums are added in double precision and integers.
  public func run() throws -> Result {
    model.refresh(.evaluation)
    let size = communicator.size
    let sampler = ShardedSampler(
      count: dataset.count, globalBatch: model.configuration.maximumSamples * size,
      order: .natural)
    let prefetcher = try Prefetcher(
      dataset: dataset, sampler: sampler, rank: communicator.rank, size: size, epochs: 1)
    defer { prefetcher.stop() }
    var correct = 0
    var samples = 0
    var sum = 0.0
    while let batch = prefetcher.next() {
      let input = model.input.value.prefix(batch.count)
      input.buffer.baseAddress.map { start in
        batch.images.baseAddress.map { start.update(from: $0, count: input.count) }
      }
      model.forward(batch.count, mode: .evaluation)
      let result = loss.forward(
        model.logits.prefix(batch.count), labels: UnsafeBufferPointer(batch.labels), scale: 1)
      correct += result.correct
      samples += batch.count
      sum += result.loss
    }
    var counts = [Int64(correct), Int64(samples)]
    var sums = [sum]
    counts.withUnsafeMutableBufferPointer { communicator.sum($0) }
    sums.withUnsafeMutableBufferPointer { communicator.sum($0) }
    precondition(
      Int(counts[1]) == dataset.count, "\(counts[1]) of \(dataset.count) samples evaluated")
    return Result(
      samples: dataset.count, correct: Int(counts[0]), loss: sums[0] / Double(dataset.count))
  }
}
