import Datasets
import Failures
import Kernels
import MessagePassing
import Networks
import Recipes
import Tensors
import Training

/// What is measured: a recipe's network on this rank's share of a batch, on images made of noise.
///
/// The images have the size of the recipe's data set, whose files are not read.
public struct BenchmarkSubject: Sendable {
  public let recipe: Recipe
  public let architecture: Architecture
  public let rank: Int
  public let ranks: Int

  /// - Throws: what is wrong with the recipe for so many ranks.
  public init(_ recipe: Recipe, communicator: any Communicator) throws {
    guard recipe.batchSize >= communicator.size else {
      throw TrainingError.batchSmallerThanRanks(
        batch: recipe.batchSize, ranks: communicator.size)
    }
    for (key, value) in [
      ("cure-penalty", recipe.curePenalty), ("adversarial-epsilon", recipe.adversarialEpsilon),
    ] where value > 0 {
      throw BenchmarkError.untraced(key: key, value: value)
    }
    self.recipe = recipe
    rank = communicator.rank
    ranks = communicator.size
    architecture = try recipe.networkArchitecture(for: try recipe.noise(samples: 1))
  }

  /// This rank's samples of the global batch.
  public var samples: Int { share.count }

  /// The most samples that a rank has.
  var largestShare: Int {
    (0..<ranks).map { share(ofRank: $0).count }.max() ?? 0
  }

  /// Not so where slices are shared out, and there are fewer of them than ranks.
  var allRanksHaveSamples: Bool { (0..<ranks).allSatisfy { !share(ofRank: $0).isEmpty } }

  var share: Range<Int> { share(ofRank: rank) }

  private func share(ofRank rank: Int) -> Range<Int> {
    ShardedSampler.share(
      of: recipe.batchSize, rank: rank, size: ranks,
      granularity: recipe.reproducible ? recipe.sliceSize : 1)
  }

  var slices: Slices { recipe.slices }
  var penalizesGradient: Bool { recipe.objective.penalizesGradient }
  var derivatives: Derivatives { penalizesGradient ? .second : .first }

  /// The activation: a trained one as at the start of training.
  var softplus: Softplus {
    switch architecture.variant {
    case .lowCurvature: Softplus(beta: BenchmarkSubject.initialBeta, centering: .centered)
    case .standard(let beta): Softplus(beta: beta, centering: .plain)
    }
  }

  private static let initialBeta: Float = 5
}

extension Recipe {
  /// Synthetic images of the size of this recipe's data set.
  func noise(samples: Int) throws -> Dataset {
    let format = source.format
    return try DatasetSource.synthetic(
      height: format.height, width: format.width, channels: format.channels,
      classes: format.classes, count: samples, seed: self.seed
    ).load(.train, directory: nil)
  }
}

/// What cannot be measured.
public enum BenchmarkError: Failure, Equatable {
  /// The step has parts of which no account is kept.
  case untraced(key: String, value: Double)

  public var exitStatus: ExitStatus { .usage }

  public var description: String {
    switch self {
    case .untraced(let key, let value):
      "--\(key) \(value): bench takes a step apart that has no adversarial examples and no penalty at a "
        + "second point; set it to 0"
    }
  }
}
