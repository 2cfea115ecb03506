import Curvature
import Datasets
import Kernels
import MessagePassing
import Networks
import Robustness
import Tensors

/// The surroundings of a few images: f on a plane, the input gradient and an adversarial
/// perturbation, for any number of ranks.
public struct LandscapeSurvey {
  /// What is measured of every image.
  public struct Settings: Sendable, Equatable {
    /// Half of the square's side, in L2.
    public let radius: Double
    /// Points along each side of the square.
    public let points: Int
    /// Where the adversarial perturbation is sought.
    public let threat: ThreatModel
    /// Steps of projected gradient descent, each of length 2.5·ε/steps.
    public let steps: Int

    public init(radius: Double, points: Int, threat: ThreatModel, steps: Int) {
      self.radius = radius
      self.points = points
      self.threat = threat
      self.steps = steps
    }
  }

  /// One image and its surroundings.
  public struct Sample: Sendable, Equatable {
    public let plane: LossPlane.Values
    /// ∇f, height × width × channels.
    public let gradient: [Float]
    /// The change of the image by the attack.
    public let perturbation: [Float]
    /// The class that the model predicts for the changed image.
    public let adversarialPrediction: Int
  }

  private let model: Model
  private let dataset: Dataset
  private let function: ScalarFunction
  private let settings: Settings
  private let probes: ProbeDirections
  private let batch: Int
  private let communicator: any Communicator
  private let observer: SurveyObserver?

  /// - Parameters:
  ///   - model: built for input gradients, for at least one slice of samples.
  ///   - probes: the random directions.
  ///   - batch: number of samples that ranks share at a time; changes no result.
  public init(
    _ model: Model, _ dataset: Dataset, of function: ScalarFunction, settings: Settings,
    probes: ProbeDirections, batch: Int, communicator: any Communicator,
    observer: SurveyObserver? = nil
  ) {
    self.model = model
    self.dataset = dataset
    self.function = function
    self.settings = settings
    self.probes = probes
    self.batch = batch
    self.communicator = communicator
    self.observer = observer
  }

  /// Returns every sample's surroundings on every rank, in the order of the data set.
  ///
  /// Collective. The numbers have the same bits for any number of ranks and any batch size. Ranks
  /// share single samples, since one takes points² forward passes.
  /// - Throws: ``SurveyError`` if a number is not finite.
  public func run(keeper: SurveyKeeper? = nil) throws -> [Sample] {
    model.refresh(.evaluation)
    let (plane, descent) = try Agreement(communicator).perform {
      (
        try LossPlane(
          model, of: function, radius: settings.radius, points: settings.points, probes: probes),
        try ProjectedGradientDescent(
          model,
          ProjectedGradientDescent.Settings(
            threat: settings.threat, steps: settings.steps,
            stepSize: 2.5 * settings.threat.epsilon / Double(settings.steps), start: .image),
          seed: probes.seed)
      )
    }
    let pixels = dataset.pixelsPerImage
    let points = settings.points * settings.points
    let length = Self.scalars + points + 2 * pixels
    let sweep = SliceSweep(
      dataset, slices: Slices(samples: 1), batch: batch, communicator: communicator,
      name: "landscape", observer: observer)
    let numbers = try sweep.run(recordsPerSample: length, keeper: keeper) { slice in
      measure(slice, plane, descent)
    }
    return try (0..<dataset.count).map { index in
      let record = numbers[index * length..<(index + 1) * length]
      guard record.allSatisfy(\.isFinite) else {
        throw SurveyError.notFinite(dataset: dataset.name, split: dataset.split, sample: index)
      }
      let own = Array(record)
      let values = Array(own[Self.scalars..<Self.scalars + points])
      let images = own[(Self.scalars + points)...].map { Float($0) }
      return Sample(
        plane: LossPlane.Values(
          prediction: Int(own[0]), center: own[2], gradientNorm: own[3], values: values),
        gradient: Array(images.prefix(pixels)), perturbation: Array(images.suffix(pixels)),
        adversarialPrediction: Int(own[1]))
    }
  }

  /// Numbers of a sample before the plane's.
  private static let scalars = 4

  /// The numbers of one sample in a row, for messages between ranks.
  private func measure(
    _ slice: SliceSweep.Slice, _ plane: LossPlane, _ descent: ProjectedGradientDescent
  ) -> [Double] {
    slice.copyImages(into: model.input.value)
    let image = Array(model.input.value.prefix(1).buffer)
    var gradient: [Double] = []
    // A step of the attack takes a forward and a backward pass, which costs as much as two.
    let work = Double(settings.points * settings.points + 3 * settings.steps)
    let found = plane.measure(label: slice.labels[0], index: slice.first) {
      gradient = $0.buffer.map(Double.init)
    } onPass: {
      slice.advance(to: Double($0) / work)
    }
    var indices = [Int32(truncatingIfNeeded: slice.first)]
    indices.withUnsafeMutableBufferPointer {
      descent.run(1, labels: .given(slice.labels), indices: UnsafeBufferPointer($0))
    }
    let perturbation = zip(model.input.value.prefix(1).buffer, image).map { Double($0 - $1) }
    model.forward(1, mode: .evaluation)
    let prediction = Logits(model.logits, sample: 0).prediction
    return [Double(found.prediction), Double(prediction), found.center, found.gradientNorm]
      + found.values + gradient + perturbation
  }
}
