import InProcessRanks
import Layers
import MessagePassing
import Networks
import TestSupport
import Testing
import Training

/// How many collectives a step makes is a function of the network and the recipe alone.
@Suite struct CollectiveCountTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let network: SmallNetwork
    let gradientNorm: Float
    let scope: BatchNormScope
    /// Passes in which each batch norm makes a collective.
    let passes: Int

    var testDescription: String { "\(network), λ_g \(gradientNorm), \(scope)" }

    static let all = SmallNetwork.allCases.flatMap { network in
      [
        Case(network: network, gradientNorm: 0, scope: .global, passes: 2),
        Case(network: network, gradientNorm: 0.1, scope: .global, passes: 4),
        Case(network: network, gradientNorm: 0, scope: .local, passes: 1),
        Case(network: network, gradientNorm: 0.1, scope: .local, passes: 1),
      ]
    }
  }

  @Test(
    "a step makes one collective per batch norm and pass, and one per bucket, on every rank",
    arguments: Case.all, [1, 2, 3])
  func perStep(_ subject: Case, ranks: Int) throws {
    let counts = try InProcessCommunicator.run(ranks: ranks) { base in
      let communicator = LedgeredCommunicator(base, ledger: CollectiveLedger())
      let architecture = try subject.network.architecture()
      let model = try Model(
        architecture,
        ModelConfiguration(
          subject.gradientNorm > 0 ? .trainingWithPenalty : .training, maximumSamples: 4,
          batchNormScope: subject.scope),
        communicator: communicator)
      model.initialize(seed: 1)
      let step = TrainingStep(
        model, objective: Objective(gradientNorm: subject.gradientNorm),
        optimizer: SGD(momentum: 0.9, weightDecay: 0), communicator: communicator,
        bucketBytes: 256)
      let batchNorms = model.state.count { $0.name.hasSuffix(".bn.running_mean") }
      #expect(batchNorms > 2 && step.reducer.bucketCount > 1)
      // Four samples over three ranks; with two, one rank has none.
      for count in [4, 2] {
        let samples = RandomSamples(architecture, count: count, seed: 2)
        let before = communicator.ledger.counts
        samples.withShare(rank: communicator.rank, of: communicator.size) { batch in
          _ = step.run(batch, learningRate: 0.01)
        }
        let made = zip(communicator.ledger.counts, before).map { $0 - $1 }
        let expected = [subject.passes * batchNorms, step.reducer.bucketCount]
        #expect(made == expected, "\(count) samples")
      }
      return communicator.ledger.counts
    }
    #expect(counts.allSatisfy { $0 == counts[0] })
  }
}
