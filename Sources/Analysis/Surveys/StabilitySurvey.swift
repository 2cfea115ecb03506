import Curvature
import Datasets
import MessagePassing
import Networks
import Tensors

/// Change of the input gradient under noise for every sample of a data set, for any number of
/// ranks.
public struct StabilitySurvey {
  private let model: Model
  private let dataset: Dataset
  private let function: ScalarFunction
  private let epsilons: [Double]
  private let directions: Int
  private let probes: ProbeDirections
  private let batch: Int
  private let communicator: any Communicator
  private let observer: SurveyObserver?

  /// - Parameter model: built for input gradients, for at least one slice of samples.
  /// - Parameter batch: number of samples that ranks share at a time; changes no result.
  public init(
    _ model: Model, _ dataset: Dataset, of function: ScalarFunction, epsilons: [Double],
    directions: Int, probes: ProbeDirections, batch: Int, communicator: any Communicator,
    observer: SurveyObserver? = nil
  ) {
    self.model = model
    self.dataset = dataset
    self.function = function
    self.epsilons = epsilons
    self.directions = directions
    self.probes = probes
    self.batch = batch
    self.communicator = communicator
    self.observer = observer
  }

  /// Returns samples × radii changes on every rank, radii innermost, in the order of the data set.
  ///
  /// Collective. The changes have the same bits for any number of ranks and any batch size.
  /// - Throws: ``SurveyError`` if a number is not finite.
  public func run(keeper: SurveyKeeper? = nil) throws -> [GradientStability.Change] {
    model.refresh(.evaluation)
    let stability = try Agreement(communicator).perform {
      try GradientStability(
        model, of: function, epsilons: epsilons, directions: directions, probes: probes)
    }
    let sweep = SliceSweep(
      dataset, slices: model.configuration.slices, batch: batch, communicator: communicator,
      name: "stability", observer: observer)
    let changes = try sweep.run(recordsPerSample: epsilons.count, keeper: keeper) { slice in
      slice.copyImages(into: model.input.value)
      return stability.measure(slice.count, labels: slice.labels, first: slice.first) {
        slice.advance(to: $0)
      }
    }
    let isFinite = changes.map { $0.gradientNorm.isFinite && $0.mean.isFinite }
    if let index = isFinite.firstIndex(of: false) {
      throw SurveyError.notFinite(
        dataset: dataset.name, split: dataset.split, sample: index / epsilons.count)
    }
    return changes
  }
}
