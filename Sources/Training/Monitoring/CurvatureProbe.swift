import Curvature
import Datasets
import Layers
import MessagePassing
import Networks
import Recipes
import Robustness
import Surveys
import Tensors

/// Measures a network's curvature during training, on the same few test samples every time.
///
/// A training plan need not have room for second derivatives, so the samples pass through a second
/// model, planned for one slice, into which the parameters are copied.
public struct CurvatureProbe {
  private let model: Model
  private let dataset: Dataset
  private let probes: ProbeDirections
  private let batch: Int
  private let communicator: any Communicator

  /// Nil where the recipe asks for no measurements.
  ///
  /// - Throws: ``ArenaError`` if the second model does not fit.
  init?(
    _ recipe: Recipe, for model: Model, _ test: Dataset, communicator: any Communicator
  ) throws {
    guard recipe.curvatureEvery > 0 else { return nil }
    self.model = try Model(
      model.architecture,
      ModelConfiguration(.curvature, maximumSamples: recipe.sliceSize, slices: recipe.slices),
      communicator: communicator)
    dataset = test.prefix(min(recipe.curvatureSamples, test.count))
    probes = ProbeDirections(seed: recipe.seed)
    batch = recipe.batchSize
    self.communicator = communicator
  }

  /// Bytes of the second model.
  var memoryBytes: Int { model.memoryBytes }

  /// The curvature of `trained` as it is now, with the same bits for any number of ranks.
  ///
  /// Collective. Statistics are left out if a sample's derivatives are not finite, and bounds if a
  /// layer is not finite: a measurement ends no run.
  /// - Parameter observer: rank 0's.
  public func measure(
    _ trained: Model, observer: SurveyObserver? = nil
  ) throws -> CurvatureSnapshot {
    model.copyParameters(of: trained)
    let samples = try leavingOut {
      try CurvatureSurvey(
        model, dataset, of: .loss, estimator: .standard, probes: probes, batch: batch,
        communicator: communicator, observer: observer
      ).run()
    }
    let bound = try leavingOut { try NetworkBound(model, over: communicator) }
    let summary = samples.map { CurvatureSummary($0, labels: dataset.labels.map(Int.init)) }
    return CurvatureSnapshot(samples: dataset.count, summary: summary, bound: bound)
  }

  /// The value of `body`, or nil where it finds numbers that are not finite, on all ranks.
  ///
  /// - Throws: other errors, which end the run.
  private func leavingOut<Value>(_ body: () throws -> Value) throws -> Value? {
    do { return try body() } catch let error as SurveyError {
      switch error {
      case .notFinite, .logitNotFinite, .layerNotFinite: return nil
      case .tooFewClasses, .otherState, .damagedState, .stateInUse, .stopped: throw error
      }
    }
  }
}
