import Datasets
import Failures
import Foundation
import InProcessRanks
import MessagePassing
import Networks
import Robustness
import Surveys
import Tensors
import TestFiles
import TestSupport
import Testing
import Training

@Suite struct AttackSurveyTests {
  /// More than a slice, and a last slice that is not full.
  private static let count = 21
  private static let slices = Slices(samples: 4)

  private static func plan(
    _ norm: ThreatModel.Norm = .l2, epsilons: [Double] = [0.3, 1]
  ) -> AttackPlan {
    var effort = AttackPlan.Effort()
    effort.iterations = 10
    effort.queries = 30
    return AttackPlan(
      norm, epsilons: epsilons, kinds: AttackPlan.autoAttack, effort: effort, seed: 3)
  }

  private static func data(classes: Int = 3) throws -> Dataset {
    try DatasetSource.synthetic(
      height: 6, width: 6, channels: 2, classes: classes, count: count, seed: 5
    ).load(.test, directory: nil)
  }

  private static func survey(
    _ communicator: any Communicator, batch: Int, state: SurveyState? = nil,
    prepare: (Model) -> Void = { _ in }
  ) throws -> AttackSurvey.Result {
    let model = try Model(
      SmallNetwork.resNetLowCurvature.architecture(),
      ModelConfiguration(.inputGradients, maximumSamples: slices.samples, slices: slices),
      communicator: communicator)
    model.initialize(seed: 7)
    model.balanceClasses()
    prepare(model)
    return try AttackSurvey(
      model, try data(), plan: plan(), examples: .kept, batch: batch, communicator: communicator
    ).run(keeper: state.map { SurveyKeeper($0.path, $0, over: communicator) })
  }

  @Test("findings and examples are the same for any number of ranks and any batch size")
  func ranks() throws {
    let alone = try Self.survey(SoloCommunicator(), batch: 100)
    let summary = alone.tally.summary
    #expect(summary.epsilons[1].robust.successes < summary.accuracy.successes, "nothing was broken")
    for (ranks, batch) in [(1, 1), (2, 8), (3, 100), (7, 4)] {
      let results = try InProcessCommunicator.run(ranks: ranks) { communicator in
        try Self.survey(communicator, batch: batch)
      }
      for result in results {
        #expect(result.tally.findings == alone.tally.findings, "\(ranks) ranks, batch \(batch)")
        #expect(result.tally.clean == alone.tally.clean)
      }
      #expect(results[0].examples == alone.examples)
    }
  }

  @Test("from any part of its state a survey goes on to the same findings")
  func resumes() throws {
    let directory = try TemporaryDirectory()
    let path = "\(directory.path)/attack.state"
    let whole = try Self.survey(
      SoloCommunicator(), batch: 1, state: try SurveyState(path, settings: []))
    let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
    for kept in [1, 5, lines.count / 2, lines.count] {
      try Data(lines.prefix(kept).joined(separator: "\n").utf8 + Data("\n".utf8))
        .write(to: URL(fileURLWithPath: path))
      let state = try SurveyState(path, settings: [])
      #expect(state.lines.count == kept - 1)
      let rest = try Self.survey(SoloCommunicator(), batch: 12, state: state)
      #expect(rest.tally.findings == whole.tally.findings && rest.examples == whole.examples)
      let after = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
      #expect(Set(after) == Set(lines), "after \(kept) lines")
    }
    try Data("[]\nnonsense\n".utf8).write(to: URL(fileURLWithPath: path))
    #expect(throws: SurveyError.damagedState(path: path, line: 2)) {
      _ = try Self.survey(
        SoloCommunicator(), batch: 1, state: try SurveyState(path, settings: []))
    }
  }

  @Test("every example is inside its ball and misclassified, axes as PyTorch has them")
  func examples() throws {
    let data = try Self.data()
    let result = try Self.survey(SoloCommunicator(), batch: 100)
    let file = AdversarialExamples(result, of: data).file
    let broken = result.examples.keys.sorted()
    #expect(file.tensors["examples"]?.shape == [broken.count, 2, 6, 6] && !broken.isEmpty)
    #expect(try file.tensors["indices"]?.integers() == broken)
    let values = try #require(try file.tensors["examples"]?.floats())
    let epsilons = try #require(try file.tensors["epsilons"]?.doubles())
    var image = [Float](repeating: 0, count: data.pixelsPerImage)
    for (row, sample) in broken.enumerated() {
      image.withUnsafeMutableBufferPointer { data.copyImage(sample, into: $0) }
      var square = 0.0
      for pixel in image.indices {
        // Ours is [36 positions, 2 channels], the file's [2, 36].
        let value = values[row * 72 + pixel % 2 * 36 + pixel / 2]
        #expect(value >= 0 && value <= 1)
        square += (Double(value) - Double(image[pixel])) * (Double(value) - Double(image[pixel]))
      }
      #expect(square.squareRoot() <= epsilons[row] * (1 + 1e-12))
      let finding = result.tally.findings[1][sample]
      #expect(finding.record.isMisclassified && finding.epsilon == epsilons[row])
      #expect(abs(finding.record.distance - square.squareRoot()) < 1e-12)
    }
  }

  @Test("what does not fit the data is refused")
  func refused() throws {
    let model = try Model(
      SmallNetwork.resNetLowCurvature.architecture(),
      ModelConfiguration(.inputGradients, maximumSamples: 4, slices: Self.slices),
      communicator: SoloCommunicator())
    func survey(_ plan: AttackPlan, _ data: Dataset) throws {
      _ = try AttackSurvey(
        model, data, plan: plan, batch: 8, communicator: SoloCommunicator())
    }
    let diameter = 72.0.squareRoot()
    #expect(throws: AttackError.beyondImages(epsilon: 9, norm: "l2", largest: diameter)) {
      try survey(Self.plan(epsilons: [0.1, 9]), try Self.data())
    }
    #expect(throws: AttackError.beyondImages(epsilon: 1.5, norm: "linf", largest: 1)) {
      try survey(Self.plan(.linf, epsilons: [1.5]), try Self.data())
    }
    #expect(throws: AttackError.tooFewClasses(dataset: "synthetic", classes: 1)) {
      try survey(Self.plan(), try Self.data(classes: 1))
    }
  }

  @Test("a logit that is not finite ends the survey with the sample's number on all ranks")
  func notFinite() throws {
    let messages = try InProcessCommunicator.run(ranks: 2) { communicator in
      do {
        _ = try Self.survey(communicator, batch: 100) { $0.parameters[0].value.fill(.nan) }
        return "nothing"
      } catch {
        return "\(error), \(Failures.ExitStatus(error))"
      }
    }
    for message in messages {
      #expect(message.contains("test sample 0 of synthetic is not finite, diverged"), "\(message)")
    }
  }
}
