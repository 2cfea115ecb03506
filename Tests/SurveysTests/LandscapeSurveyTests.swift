import Curvature
import Datasets
import InProcessRanks
import MessagePassing
import Networks
import Robustness
import Surveys
import Tensors
import TestSupport
import Testing

@Suite struct LandscapeSurveyTests {
  private static let slices = Slices(samples: 4)
  private static let settings = LandscapeSurvey.Settings(
    radius: 0.5, points: 5, threat: ThreatModel(.l2, epsilon: 0.3), steps: 8)

  private static func data() throws -> Dataset {
    try DatasetSource.synthetic(
      height: 6, width: 6, channels: 2, classes: 3, count: 7, seed: 5
    ).load(.test, directory: nil)
  }

  private static func survey(
    _ communicator: any Communicator, batch: Int, maximumSamples: Int = 4
  ) throws -> [LandscapeSurvey.Sample] {
    let model = try Model(
      SmallNetwork.resNetLowCurvature.architecture(),
      ModelConfiguration(.inputGradients, maximumSamples: maximumSamples, slices: slices),
      communicator: communicator)
    model.initialize(seed: 7)
    model.balanceClasses()
    return try LandscapeSurvey(
      model, try data(), of: .loss, settings: settings, probes: ProbeDirections(seed: 3),
      batch: batch, communicator: communicator
    ).run()
  }

  @Test("samples are the same for any number of ranks, any batch and any size of a pass")
  func ranks() throws {
    let alone = try Self.survey(SoloCommunicator(), batch: 100)
    #expect(alone.count == 7)
    for (ranks, batch, most) in [(1, 1, 8), (2, 8, 4), (3, 100, 9), (8, 4, 4)] {
      let results = try InProcessCommunicator.run(ranks: ranks) { communicator in
        try Self.survey(communicator, batch: batch, maximumSamples: most)
      }
      for result in results { #expect(result == alone, "\(ranks) ranks, batches of \(batch)") }
    }
  }

  @Test("a perturbation reaches the edge of the ball, or that of the pixels")
  func perturbation() throws {
    let data = try Self.data()
    for (index, sample) in try Self.survey(SoloCommunicator(), batch: 100).enumerated() {
      var image = [Float](repeating: 0, count: data.pixelsPerImage)
      image.withUnsafeMutableBufferPointer { data.copyImage(index, into: $0) }
      let length = sample.perturbation.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
      #expect(length > 0.1 && length < 0.3 * (1 + 1e-5), "\(length)")
      for (pixel, move) in zip(image, sample.perturbation) {
        #expect(pixel + move > -1e-6 && pixel + move < 1 + 1e-6)
      }
    }
  }
}
