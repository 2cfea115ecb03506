import Curvature
import Datasets
import MessagePassing
import Networks
import Tensors

/// Gradient norm, Hessian norm and curvature of all samples of a data set, for any number of ranks.
public struct CurvatureSurvey {
  private let model: Model
  private let dataset: Dataset
  private let function: ScalarFunction
  private let estimator: CurvatureEstimator
  private let probes: ProbeDirections
  private let batch: Int
  private let communicator: any Communicator
  private let observer: SurveyObserver?

  /// - Parameter model: built for curvature, for at least one slice of samples.
  /// - Parameter probes: starting vectors of the iterations.
  /// - Parameter batch: number of samples that ranks share at a time; changes no result.
  public init(
    _ model: Model, _ dataset: Dataset, of function: ScalarFunction,
    estimator: CurvatureEstimator, probes: ProbeDirections, batch: Int,
    communicator: any Communicator, observer: SurveyObserver? = nil
  ) {
    self.model = model
    self.dataset = dataset
    self.function = function
    self.estimator = estimator
    self.probes = probes
    self.batch = batch
    self.communicator = communicator
    self.observer = observer
  }

  /// Returns each sample's geometry on every rank, in the order of the data set.
  ///
  /// Collective. The numbers have the same bits for any number of ranks and any batch size.
  /// - Throws: ``SurveyError`` if a number is not finite.
  public func run(keeper: SurveyKeeper? = nil) throws -> [NormalizedCurvature.Sample] {
    model.refresh(.evaluation)
    let curvature = try Agreement(communicator).perform {
      try NormalizedCurvature(model, of: function, estimator: estimator)
    }
    let sweep = SliceSweep(
      dataset, slices: model.configuration.slices,
      samplesAtOnce: model.configuration.maximumSamples, batch: batch, communicator: communicator,
      name: "curvature", observer: observer)
    let samples = try sweep.run(keeper: keeper) { slice in
      slice.copyImages(into: model.input.value)
      for sample in 0..<slice.count {
        probes.write(
          sample: slice.first + sample, into: model.input.tangent.slice(sample..<sample + 1))
      }
      return curvature.measure(slice.count, labels: slice.labels) { slice.advance(to: $0) }
    }
    let isFinite = samples.map { $0.gradientNorm.isFinite && $0.hessianNorm.isFinite }
    if let sample = isFinite.firstIndex(of: false) {
      throw SurveyError.notFinite(dataset: dataset.name, split: dataset.split, sample: sample)
    }
    return samples
  }
}
