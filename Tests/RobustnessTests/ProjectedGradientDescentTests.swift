import Layers
import MessagePassing
import Networks
import Robustness
import Tensors
import TestSupport
import Testing

@Suite struct ProjectedGradientDescentTests {
  static let count = 5

  /// A model with random weights, and images with labels, which the attack moves.
  private func attack(
    _ network: SmallNetwork, purpose: ModelConfiguration.Purpose = .inputGradients,
    _ settings: ProjectedGradientDescent.Settings, seed: UInt64 = 3, number: Int = 0,
    isLabelled: Bool = true
  ) throws -> (before: [Float], after: [Float], losses: (Double, Double), count: Allocations) {
    let architecture = try network.architecture()
    let model = try Model(
      architecture, ModelConfiguration(purpose, maximumSamples: Self.count),
      communicator: SoloCommunicator())
    model.initialize(seed: 1)
    model.refresh(.evaluation)
    let descent = try ProjectedGradientDescent(model, settings, seed: seed)
    let samples = RandomSamples(architecture, count: Self.count, seed: 2)
    return samples.withShare { batch in
      let labels = UnsafeBufferPointer(batch.labels)
      func loss() -> Double {
        model.forward(Self.count, mode: .evaluation)
        return SoftmaxCrossEntropy().forward(model.logits, labels: labels, scale: 1).loss
      }
      func run() {
        model.input.value.pointer.update(
          from: samples.pixels, count: model.input.value.count)
        descent.run(
          Self.count, labels: isLabelled ? .given(labels) : .predicted,
          indices: UnsafeBufferPointer(batch.sampleIndices), number: number)
      }
      run()
      model.input.value.pointer.update(from: samples.pixels, count: model.input.value.count)
      let before = loss()
      let pixels = samples.pixels
      let allocations = Allocations {
        pixels.withUnsafeBufferPointer {
          guard let start = $0.baseAddress else { return }
          model.input.value.pointer.update(from: start, count: $0.count)
        }
        descent.run(
          Self.count, labels: isLabelled ? .given(labels) : .predicted,
          indices: UnsafeBufferPointer(batch.sampleIndices), number: number)
      }
      let after = Array(model.input.value.buffer)
      return (pixels, after, (before, loss()), allocations)
    }
  }

  @Test(
    "the loss rises within the ball, and nothing is allocated",
    arguments: SmallNetwork.allCases, ThreatModel.Norm.allCases)
  func climbs(network: SmallNetwork, norm: ThreatModel.Norm) throws {
    let threat = ThreatModel(norm, epsilon: norm == .l2 ? 0.5 : 0.1)
    let found = try attack(
      network, .init(threat: threat, steps: 10, stepSize: threat.epsilon / 4))
    #expect(found.losses.1 > found.losses.0)
    #expect(found.count.outsideBLAS == 0, "\(found.count)")
    #expect(found.after.allSatisfy { $0 >= 0 && $0 <= 1 })
    let stride = found.before.count / Self.count
    for sample in 0..<Self.count {
      let moved = (0..<stride).map {
        Double(found.after[sample * stride + $0]) - Double(found.before[sample * stride + $0])
      }
      let distance =
        norm == .l2
        ? moved.reduce(0) { $0 + $1 * $1 }.squareRoot() : moved.map(abs).max() ?? .infinity
      #expect(distance <= threat.epsilon * (1 + 1e-12))
    }
  }

  @Test("random starts are functions of seed, sample and number")
  func starts() throws {
    let settings = ProjectedGradientDescent.Settings(
      threat: ThreatModel(.l2, epsilon: 0.5), steps: 0, stepSize: 0)
    let first = try attack(.vggStandard, settings)
    #expect(try attack(.vggStandard, settings).after == first.after)
    #expect(try attack(.vggStandard, settings, seed: 4).after != first.after)
    #expect(try attack(.vggStandard, settings, number: 1).after != first.after)
    var fixed = settings
    fixed.start = .image
    #expect(try attack(.vggStandard, fixed).after == first.before)
  }

  @Test("the paper's weak variant: training mode, predicted labels, no clipping")
  func weak() throws {
    let found = try attack(
      .resNetLowCurvature, purpose: .trainingWithPenalty,
      .init(
        threat: ThreatModel(.l2, epsilon: 3, pixels: .unbounded), steps: 3, stepSize: 1,
        mode: .training), isLabelled: false)
    #expect(found.after.contains { $0 < 0 || $0 > 1 })
    #expect(found.count.outsideBLAS == 0, "\(found.count)")
  }
}
