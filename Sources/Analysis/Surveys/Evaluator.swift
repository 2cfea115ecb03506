import Datasets
import Failures
import Kernels
import Layers
import MessagePassing
import Networks
import Tensors

/// Loss and accuracy of a data set, with every sample exactly once, for any number of ranks.
public struct Evaluator {
  public struct Result: Sendable, Equatable {
    public let samples: Int
    public let correct: Int
    /// Mean cross-entropy.
    public let loss: Double
    /// Share of correct predictions, 0 … 1.
    public var accuracy: Double { Double(correct) / Double(samples) }
  }

  private let model: Model
  private let dataset: Dataset
  private let communicator: any Communicator
  private let observer: SurveyObserver?
  private let loss = SoftmaxCrossEntropy()

  public init(
    _ model: Model, _ dataset: Dataset, communicator: any Communicator,
    observer: SurveyObserver? = nil
  ) {
    require(
      dataset.pixelsPerImage == model.input.shape.stride,
      "images of \(dataset.format) for a network of inputs \(model.input.shape)")
    self.model = model
    self.dataset = dataset
    self.communicator = communicator
    self.observer = observer
  }

  /// Returns loss and accuracy of the whole data set in evaluation mode.
  ///
  /// Collective. A slice's loss depends on its samples only, and the sum over slices is exact. The
  /// result therefore has the same bits for any number of ranks.
  /// - Throws: ``SurveyError`` if a logit is not finite.
  public func run() throws -> Result {
    communicator.enter(.evaluation)
    model.refresh(.evaluation)
    let slices = model.configuration.slices
    let wholeSlices = model.configuration.maximumSamples / slices.samples * slices.samples
    require(
      wholeSlices > 0,
      "a model for \(model.configuration.maximumSamples) samples holds no slice of \(slices.samples)"
    )
    let (losses, arena) = try Arena.plan { ExactSums(count: 1, arena: $0) }
    var counts: [Int64] = [0, 0, 0]
    var firstNotFinite: Int?
    let sweep = SliceSweep(
      dataset, slices: slices, samplesAtOnce: wholeSlices, batch: wholeSlices * communicator.size,
      communicator: communicator, name: "evaluation", observer: observer)
    try sweep.forEach { samples in
      counts[0] += Int64(evaluate(samples, into: losses))
      counts[1] += Int64(samples.count)
      if firstNotFinite == nil, let place = firstNotFiniteLogit(samples.count) {
        firstNotFinite = samples.first + place
        counts[2] = 1
      }
    }
    counts.withUnsafeMutableBufferPointer { communicator.allreduce($0) }
    communicator.allreduce(losses.bufferWithCount(from: 0))
    if counts[2] > 0 {
      let found = communicator.allGather(RecordBytes.bytes(of: [firstNotFinite ?? Int.max]))
        .flatMap { RecordBytes.records(Int.self, from: $0) }
      throw SurveyError.logitNotFinite(
        dataset: dataset.name, split: dataset.split, sample: found.min() ?? 0)
    }
    require(
      Int(counts[1]) == dataset.count, "\(counts[1]) of \(dataset.count) samples evaluated")
    var total = [0.0]
    total.withUnsafeMutableBufferPointer { losses.read(into: $0, from: 0) }
    withExtendedLifetime(arena) {}
    return Result(
      samples: dataset.count, correct: Int(counts[0]), loss: total[0] / Double(dataset.count))
  }

  /// The first of `count` samples with a logit that is not finite.
  private func firstNotFiniteLogit(_ count: Int) -> Int? {
    let logits = model.logits.value.prefix(count).buffer
    return logits.firstIndex { !$0.isFinite }.map { $0 / model.logits.shape.channels }
  }

  /// Counts the correct predictions of some slices, and adds the loss of each slice to `losses`.
  private func evaluate(_ samples: SliceSweep.Slice, into losses: ExactSums) -> Int {
    samples.copyImages(into: model.input.value)
    model.forward(samples.count, mode: .evaluation)
    var correct = 0
    model.configuration.slices.forEach(in: samples.count) { slice in
      let result = loss.forward(
        model.logits.slice(slice),
        labels: UnsafeBufferPointer(rebasing: samples.labels[slice]),
        scale: 1)
      correct += result.correct
      var term = result.loss
      withUnsafeMutablePointer(to: &term) {
        losses.add(UnsafeMutableBufferPointer(start: $0, count: 1), at: 0)
      }
    }
    return correct
  }
}
