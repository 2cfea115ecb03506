import Datasets
import Kernels
import MessagePassing
import Networks
import Recipes
import Tensors
import Training

/// The subject of a benchmark: a recipe's network on this rank's share of a batch of noise.
///
/// The images have the size of the recipe's data set, whose files are not read.
public struct BenchmarkSubject: Sendable {
  public let recipe: Recipe
  public let architecture: Architecture
  public let rank: Int
  public let ranks: Int

  /// - Throws: ``TrainingError`` or ``ArchitectureError`` for a recipe that does not fit the ranks.
  public init(_ recipe: Recipe, communicator: any Communicator) throws {
    guard recipe.batchSize >= communicator.size else {
      throw TrainingError.batchSmallerThanRanks(
        batch: recipe.batchSize, ranks: communicator.size)
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

  /// Whether no rank is without samples, as where ranks share fewer slices than there are ranks.
  var allRanksHaveSamples: Bool { (0..<ranks).allSatisfy { !share(ofRank: $0).isEmpty } }

  var share: Range<Int> { share(ofRank: rank) }

  private func share(ofRank rank: Int) -> Range<Int> { recipe.share(ofRank: rank, size: ranks) }

  var slices: Slices { recipe.slices }
  var penalizesInputGradient: Bool { recipe.objective.penalizesInputGradient }
  var derivatives: Derivatives { penalizesInputGradient ? .second : .first }
  /// Whether the last sweep of a step without a penalty reaches the input.
  var hasInputGradient: Bool { recipe.trainingPurpose == .trainingWithInputGradients }

  /// The network's activation, with β as at the start of training.
  var activation: ActivationFunction {
    switch architecture.variant.activation {
    case .trainedSoftplus: .centeredSoftplus(beta: BenchmarkSubject.initialBeta)
    case .fixed(let function): function
    }
  }

  private static let initialBeta: Float = 5
}
