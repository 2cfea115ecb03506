import Failures
import Layers
import Networks
import Tensors

/// Samples under attack, with their points in `model.input.value` and a record of each.
///
/// Passes always run over a whole slice, since a matrix product may round by its number of rows:
/// places without a sample hold a copy of another image. A misclassified sample is not attacked
/// further. Buffers are allocated once. The model must have input gradients.
public final class AttackedSlice {
  /// One sample of a data set.
  public struct Sample: Sendable, Equatable {
    public let index: Int
    public let label: Int

    public init(index: Int, label: Int) {
      self.index = index
      self.label = label
    }
  }

  public let model: Model
  public private(set) var samples: [Sample] = []
  public private(set) var threat = ThreatModel(.l2, epsilon: 0)
  /// One record per sample.
  public private(set) var records: [AttackRecord] = []
  /// The number of samples of a pass.
  public let capacity: Int
  /// Called after each forward pass of an attack.
  public var onForward: () -> Void = {}

  private let images: Tensor
  private let found: Tensor
  // The state of attacks, per sample: the previous point, the best point for the objective, its
  // gradient.
  private let previous: Tensor
  private let best: Tensor
  private let bestGradient: Tensor
  private let scratch: Tensor
  private var firstLosses: [Double] = []
  private let arena: Arena

  /// - Throws: ``ArenaError`` if the copies of a slice do not fit.
  public init(_ model: Model) throws {
    require(model.input.gradient.isPresent, "a model built for \(model.configuration.purpose)")
    self.model = model
    capacity = model.configuration.slices.samples
    require(
      model.configuration.maximumSamples >= capacity,
      "a model for \(model.configuration.maximumSamples) samples holds no slice of \(capacity)")
    let shape = model.input.shape.withFirst(capacity)
    let tensors: [Tensor]
    (tensors, arena) = try Arena.plan { arena in (0..<6).map { _ in arena.tensor(shape) } }
    (images, found, previous) = (tensors[0], tensors[1], tensors[2])
    (best, bestGradient, scratch) = (tensors[3], tensors[4], tensors[5])
  }

  /// Loads at most `capacity` samples, whose images `writeImage` writes.
  public func load(
    _ samples: [Sample], writeImage: (Sample, UnsafeMutableBufferPointer<Float>) -> Void
  ) {
    require(
      !samples.isEmpty && samples.count <= capacity,
      "\(samples.count) samples in a slice of \(capacity)")
    self.samples = samples
    for place in 0..<capacity {
      writeImage(samples[min(place, samples.count - 1)], row(images, place).buffer)
    }
    begin(ThreatModel(.l2, epsilon: 0))
  }

  /// Clears the records and moves all points back to the images.
  public func begin(_ threat: ThreatModel) {
    self.threat = threat
    records = [AttackRecord](repeating: .unseen, count: samples.count)
    firstLosses = [Double](repeating: 0, count: samples.count)
    model.input.value.prefix(capacity).copy(from: images)
  }

  /// The class with the `rank`-th largest logit of the wrong ones at each present point, from 0.
  func targets(rank: Int) -> [Int] {
    pass()
    return samples.indices.map { place in
      let others = logits(place).others(than: samples[place].label)
      require(rank < others.count, "target \(rank) of \(others.count)")
      return others[rank]
    }
  }

  /// The places of the samples that are not misclassified yet.
  public var active: [Int] { samples.indices.filter { !records[$0].isMisclassified } }

  // MARK: - Passes

  /// Computes logits at the present points and records them: a sample keeps the point with the
  /// smallest margin.
  public func forward() {
    pass()
    for place in active { record(place) }
    onForward()
  }

  /// Likewise for an attack whose points may leave the ball: outside, a pass is only counted.
  ///
  /// - Parameter places: the samples with new points.
  func forwardAnywhere(_ places: [Int]) {
    pass()
    for place in places {
      guard !threat.contains(point(place), around: image(place)) else {
        record(place)
        continue
      }
      records[place].passes += 1
      if !logits(place).isFinite { records[place].isFinite = false }
    }
    onForward()
  }

  /// Computes logits at the present points, without recording them.
  func pass() { model.forward(capacity, mode: .evaluation) }

  /// Computes each active sample's objective after `forward`, and its gradient in the points.
  ///
  /// `objective` gets a place and its logits, writes their gradient and returns the value. Values
  /// of inactive samples are 0.
  func objectiveGradients(
    _ objective: (Int, UnsafeBufferPointer<Float>, UnsafeMutableBufferPointer<Float>) -> Double
  ) -> [Double] {
    model.logits.gradient.prefix(capacity).fill(0)
    var values = [Double](repeating: 0, count: samples.count)
    let active = active
    for place in active {
      values[place] = objective(
        place, logits(place).values, row(model.logits.gradient, place).buffer)
    }
    model.backward(capacity)
    for place in active where gradient(place).buffer.allSatisfy({ $0 == 0 }) {
      records[place].hasZeroGradient = true
    }
    return values
  }

  private func record(_ place: Int) {
    let logits = logits(place)
    records[place].passes += 1
    guard logits.isFinite else {
      records[place].isFinite = false
      return
    }
    let label = samples[place].label
    let prediction = logits.prediction
    let margin = logits.margin(of: label)
    let loss = Softmax(logits.values).loss(of: label)
    if records[place].passes == 1 { firstLosses[place] = loss }
    if loss > firstLosses[place] { records[place].hasGrown = true }
    guard margin < records[place].margin || prediction != label else { return }
    let point = point(place)
    records[place].prediction = prediction
    records[place].isMisclassified = prediction != label
    records[place].margin = margin
    records[place].loss = loss
    records[place].distance = threat.distance(point, image(place))
    records[place].foundAt = records[place].passes
    require(
      threat.contains(point, around: image(place)),
      "sample \(samples[place].index) was moved by \(records[place].distance) out of \(threat)")
    row(found, place).copy(from: point)
  }

  // MARK: - Places

  public func image(_ place: Int) -> Tensor { row(images, place) }
  public func point(_ place: Int) -> Tensor { row(model.input.value, place) }
  /// The point of the record.
  public func foundPoint(_ place: Int) -> Tensor { row(found, place) }
  func gradient(_ place: Int) -> Tensor { row(model.input.gradient, place) }
  func previous(_ place: Int) -> Tensor { row(previous, place) }
  func best(_ place: Int) -> Tensor { row(best, place) }
  func bestGradient(_ place: Int) -> Tensor { row(bestGradient, place) }
  func scratch(_ place: Int) -> Tensor { row(scratch, place) }
  func logits(_ place: Int) -> Logits { Logits(model.logits, sample: place) }

  private func row(_ tensor: Tensor, _ place: Int) -> Tensor { tensor.slice(place..<place + 1) }
}
