import Layers
import MessagePassing
import Networks
import Robustness
import Tensors
import TestSupport

/// A model with fresh weights and random images, to be attacked slice by slice.
struct AttackCase {
  static let capacity = 4

  let model: Model
  let slice: AttackedSlice
  let pixels: [Float]
  let labels: [Int]

  /// - Parameter count: of images; their labels are what the model predicts, so that all can be
  ///   broken.
  init(_ architecture: Architecture, count: Int = capacity, prepare: (Model) -> Void = { _ in })
    throws
  {
    model = try Model(
      architecture,
      ModelConfiguration(
        .inputGradients, maximumSamples: Self.capacity, slices: Slices(samples: Self.capacity)),
      communicator: SoloCommunicator())
    model.initialize(seed: 21)
    prepare(model)
    model.balanceClasses()
    slice = try AttackedSlice(model)
    pixels = RandomSamples(architecture, count: count, seed: 22).pixels
    labels = Self.predictions(slice, pixels)
  }

  /// Returns a case of this model with other images.
  init(_ other: AttackCase, pixels: [Float]) {
    model = other.model
    slice = other.slice
    self.pixels = pixels
    labels = Self.predictions(slice, pixels)
  }

  private static func predictions(_ slice: AttackedSlice, _ pixels: [Float]) -> [Int] {
    (0..<pixels.count / slice.model.input.shape.stride).map { sample in
      slice.load([AttackedSlice.Sample(index: sample, label: 0)]) { write(pixels, $0, $1) }
      slice.forward()
      return slice.records[0].prediction
    }
  }

  /// Loads samples of the case by their indices.
  func load(_ indices: [Int]) {
    slice.load(indices.map { AttackedSlice.Sample(index: $0, label: labels[$0]) }) {
      Self.write(pixels, $0, $1)
    }
  }

  /// Attacks samples by their indices; their records and the points found.
  func run(
    _ attack: any Attack, _ threat: ThreatModel, on indices: [Int]
  ) -> [(record: AttackRecord, point: [Float])] {
    load(indices)
    slice.begin(threat)
    attack.run(on: slice)
    return indices.indices.map { (slice.records[$0], Array(slice.foundPoint($0).buffer)) }
  }

  private static func write(
    _ pixels: [Float], _ sample: AttackedSlice.Sample, _ image: UnsafeMutableBufferPointer<Float>
  ) {
    for pixel in image.indices { image[pixel] = pixels[sample.index * image.count + pixel] }
  }

  /// One of each kind, short.
  static let attacks: [any Attack] = [
    ProjectedGradientAttack(steps: 12, start: RandomStart(seed: 1)),
    AutoProjectedGradientAttack(.crossEntropy, iterations: 12, start: RandomStart(seed: 1)),
    AutoProjectedGradientAttack(
      .targetedRatio(rank: 0), iterations: 12, start: RandomStart(seed: 1)),
    FastAdaptiveBoundaryAttack(rank: 0, iterations: 12),
    SquareAttack(queries: 40, seed: 1),
  ]
}
