import Failures
import Networks
import Tensors

/// A few samples under attack, their points in `model.input.value`, and what has been seen of them.
///
/// Passes always run over a whole slice, since a matrix product may round by its number of rows: places
/// without a sample hold a copy of another one's image. A sample that is broken rests. Buffers are
/// allocated once. Needs a model whose plan has input gradients.
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
  /// One per sample.
  public private(set) var records: [AttackRecord] = []
  /// How many samples a pass takes.
  public let capacity: Int

  private let images: Tensor
  private let found: Tensor
  // What attacks keep per sample: the point before, the best point for their objective, its gradient.
  private let previous: Tensor
  private let best: Tensor
  private let bestGradient: Tensor
  private let spare: Tensor
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
    (best, bestGradient, spare) = (tensors[3], tensors[4], tensors[5])
  }

  /// Takes samples, whose images `writeImage` writes, at most `capacity` of them.
  public func load(
    _ samples: [Sample], writeImage: (Sample, UnsafeMutableBufferPointer<Float>) -> Void
  ) {
    require(
      !samples.isEmpty && samples.count <= capacity,
      "\(samples.count) samples in a slice of \(capacity)")
    self.samples = samples
    for place in 0..<capacity {
      writeImage(samples[min(place, samples.count - 1)], one(images, place).buffer)
    }
    begin(ThreatModel(.l2, epsilon: 0))
  }

  /// Forgets what was seen and puts all points back to the images.
  public func begin(_ threat: ThreatModel) {
    self.threat = threat
    records = [AttackRecord](repeating: .unseen, count: samples.count)
    firstLosses = [Double](repeating: 0, count: samples.count)
    model.input.value.prefix(capacity).copy(from: images)
  }

  /// The places of the samples that are not broken yet.
  public var active: [Int] { samples.indices.filter { !records[$0].isBroken } }

  // MARK: - Passes

  /// Logits at the present points, which are judged: a sample keeps the point with the smallest margin.
  public func forward() {
    pass()
    for place in active { judge(place) }
  }

  /// Logits at the present points, which nobody judges.
  func pass() { model.forward(capacity, mode: .evaluation) }

  /// Each active sample's value of an objective after `forward`, and its gradient in the points.
  ///
  /// `objective` gets a place and its logits, writes their gradient and returns the value. Values of samples at
  /// rest are 0.
  func climb(
    _ objective: (Int, UnsafeBufferPointer<Float>, UnsafeMutableBufferPointer<Float>) -> Double
  ) -> [Double] {
    model.logits.gradient.prefix(capacity).fill(0)
    var values = [Double](repeating: 0, count: samples.count)
    let active = active
    for place in active {
      values[place] = objective(
        place, logits(place).values, one(model.logits.gradient, place).buffer)
    }
    model.backward(capacity)
    for place in active where gradient(place).buffer.allSatisfy({ $0 == 0 }) {
      records[place].hasZeroGradient = true
    }
    return values
  }

  private func judge(_ place: Int) {
    let logits = logits(place)
    records[place].passes += 1
    guard logits.isFinite else {
      records[place].isFinite = false
      return
    }
    let label = samples[place].label
    let prediction = logits.prediction
    let margin = logits.margin(of: label)
    let loss = AttackObjective.crossEntropy(logits.values, label: label)
    if records[place].passes == 1 { firstLosses[place] = loss }
    if loss > firstLosses[place] { records[place].hasGrown = true }
    guard margin < records[place].margin || prediction != label else { return }
    let point = point(place)
    records[place].prediction = prediction
    records[place].isBroken = prediction != label
    records[place].margin = margin
    records[place].loss = loss
    records[place].distance = threat.distance(point, image(place))
    records[place].foundAt = records[place].passes
    require(
      threat.contains(point, around: image(place)),
      "sample \(samples[place].index) was moved by \(records[place].distance) out of \(threat)")
    one(found, place).copy(from: point)
  }

  // MARK: - Places

  public func image(_ place: Int) -> Tensor { one(images, place) }
  public func point(_ place: Int) -> Tensor { one(model.input.value, place) }
  /// The point that the record is about.
  public func foundPoint(_ place: Int) -> Tensor { one(found, place) }
  func gradient(_ place: Int) -> Tensor { one(model.input.gradient, place) }
  func previous(_ place: Int) -> Tensor { one(previous, place) }
  func best(_ place: Int) -> Tensor { one(best, place) }
  func bestGradient(_ place: Int) -> Tensor { one(bestGradient, place) }
  func spare(_ place: Int) -> Tensor { one(spare, place) }
  func logits(_ place: Int) -> Logits { Logits(model.logits, sample: place) }

  private func one(_ tensor: Tensor, _ place: Int) -> Tensor { tensor.slice(place..<place + 1) }
}
