import Datasets
import MessagePassing
import Networks
import Robustness
import Tensors

/// The certified radius of every sample of a data set, for any number of ranks.
public struct CertificationSurvey {
  private let model: Model
  private let bound: NetworkBound
  private let dataset: Dataset
  private let batch: Int
  private let communicator: any Communicator
  private let observer: SurveyObserver?

  /// - Parameter model: built for input gradients or curvature, for at least one slice of samples;
  ///   `bound` must be the bound of this model.
  /// - Parameter batch: number of samples that ranks share at a time; changes no result.
  public init(
    _ model: Model, bound: NetworkBound, _ dataset: Dataset, batch: Int,
    communicator: any Communicator, observer: SurveyObserver? = nil
  ) {
    self.model = model
    self.bound = bound
    self.dataset = dataset
    self.batch = batch
    self.communicator = communicator
    self.observer = observer
  }

  /// Returns each sample's certificate on every rank, in the order of the data set.
  ///
  /// Collective. The certificates have the same bits for any number of ranks and any batch size.
  /// - Throws: ``SurveyError`` if a margin is not finite.
  public func run(keeper: SurveyKeeper? = nil) throws -> [RadiusCertification.Certificate] {
    model.refresh(.evaluation)
    let certification = RadiusCertification(model, bound: bound)
    let sweep = SliceSweep(
      dataset, slices: model.configuration.slices, batch: batch, communicator: communicator,
      name: "radii", observer: observer)
    let certificates = try sweep.run(keeper: keeper) { slice in
      slice.copyImages(into: model.input.value)
      return certification.measure(slice.count, labels: slice.labels)
    }
    if let sample = certificates.firstIndex(where: { !$0.margin.isFinite || $0.radius.isNaN }) {
      throw SurveyError.logitNotFinite(
        dataset: dataset.name, split: dataset.split, sample: sample)
    }
    return certificates
  }
}
