import Curvature
import Datasets
import Layers
import MessagePassing
import Networks
import Recipes
import Robustness
import Surveys
import Tensors

/// Measures a network's curvature while it is trained: on the same few test samples every time.
///
/// A training plan need not have room for second derivatives, so the samples pass through a second model,
/// planned for one slice, which takes over the parameters.
public struct CurvatureProbe {
  /// As `lcnn-dist curvature` has it by default.
  private static let estimator = CurvatureEstimator.power(iterations: 10, tolerance: 1e-3)

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

  /// What the second model takes.
  var memoryBytes: Int { model.memoryBytes }

  /// The curvature of `trained` as it is now, with the same bits for any number of ranks.
  ///
  /// Collective. A sample whose derivatives are not finite leaves the statistics out, and layers that are
  /// not finite the bounds: a measurement ends no run.
  public func measure(_ trained: Model) throws -> CurvatureSnapshot {
    model.copyParameters(of: trained)
    let samples = try leavingOut {
      try CurvatureSurvey(
        model, dataset, of: .loss, estimator: Self.estimator, probes: probes, batch: batch,
        communicator: communicator
      ).run()
    }
    let bound = try leavingOut { try NetworkBound(model, over: communicator) }
    let summary = samples.map { CurvatureSummary($0, labels: dataset.labels.map(Int.init)) }
    return CurvatureSnapshot(samples: dataset.count, summary: summary, bound: bound)
  }

  /// Nil for what is not finite, on all ranks; other errors end the run.
  private func leavingOut<Value>(_ body: () throws -> Value) throws -> Value? {
    do { return try body() } catch let error as SurveyError {
      switch error {
      case .notFinite, .layerNotFinite: return nil
      case .tooFewClasses: throw error
      }
    }
  }
}
