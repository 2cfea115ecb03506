import Curvature
import Datasets
import InProcessRanks
import MessagePassing
import Networks
import Surveys
import Tensors
import TestSupport
import Testing

extension ProgramRuns {
  /// Measurements of a network that is almost certain of nearly every sample.
  @Suite struct ConfidentSamplesTests {
    /// Float32 logits of some tens are off by 1e-6 to 1e-5, and so are small losses and gradients,
    /// relatively; ten times that.
    static let tolerance = 1e-4
    static let smallestLoss = 1e-6
    private static let probes = ProbeDirections(seed: 5)
    private static let epsilons = [1e-3, 1e-1]

    private static let trained = Result { try ConfidentNetwork() }

    /// The expected values of one test image.
    private struct Confident: Sendable {
      let index: Int
      let loss: Double
      let gradientNorm: Double
      /// ‖∇²f·v‖ for the probe v.
      let productNorm: Double
      /// ‖∇f(x + e) − ∇f(x)‖ for the epsilons along the probe.
      let changes: [Double]
      /// max(‖∇f(x)‖, ‖∇f(x + e)‖) for the same epsilons.
      let steepest: [Double]
    }

    /// The images whose loss is at least `smallestLoss`.
    private static let confident = Result {
      let trained = try Self.trained.get()
      let model = try trained.load(
        .curvature, maximumSamples: 1, communicator: SoloCommunicator())
      let twin = DoubleNetwork(model)
      return (0..<trained.data.count).compactMap { index -> Confident? in
        func probe(_ number: Int) -> [Float] {
          probes.write(sample: index, number: number, into: model.input.tangent)
          return Array(model.input.tangent.buffer)
        }
        let image = trained.image(index)
        let label = Int(trained.data.labels[index])
        let here = twin.derivatives(
          image.map(Double.init), label: label, along: probe(0).map(Double.init))
        guard here.loss >= smallestLoss else { return nil }
        let direction = probe(1)
        let there = epsilons.map { epsilon in
          twin.derivatives(
            zip(image, direction).map { Double($0 + Float(epsilon) * $1) }, label: label,
            along: here.gradient
          ).gradient
        }
        return Confident(
          index: index, loss: here.loss, gradientNorm: norm(here.gradient),
          productNorm: norm(here.product),
          changes: there.map { norm(zip($0, here.gradient).map { $0 - $1 }) },
          steepest: there.map { max(norm($0), norm(here.gradient)) })
      }
    }

    private static func norm(_ x: [Double]) -> Double {
      x.reduce(0) { $0 + $1 * $1 }.squareRoot()
    }

    /// Expects that no error exceeds the tolerance.
    private func expectClose(_ name: String, _ errors: [Double]) {
      #expect(
        errors.allSatisfy { $0 <= Self.tolerance }, "\(name): \(errors.sorted().suffix(5))")
    }

    @Test("the network is confident enough to tell")
    func losses() throws {
      let confident = try Self.confident.get()
      for largest in [1e-5, 1e-4, 1e-3, 1e-2] {
        let count = confident.count { $0.loss < largest }
        #expect(count > 10, "\(count) of \(confident.count) losses below \(largest)")
      }
    }

    @Test("losses are those of double precision, for any number of ranks", arguments: [1, 2, 3])
    func losses(ranks: Int) throws {
      let trained = try Self.trained.get()
      let confident = try Self.confident.get()
      let errors = try InProcessCommunicator.run(ranks: ranks) { communicator in
        let model = try trained.load(
          .inference, maximumSamples: 8, communicator: communicator)
        // A mean of losses of one order of magnitude, so that each counts.
        return try [1e-5, 1e-4, 1e-3, 1e-2].map { largest in
          let chosen = confident.filter { largest / 10 <= $0.loss && $0.loss < largest }
          let data = trained.data
          let part = Dataset(
            name: data.name, split: data.split, format: data.format,
            pixels: chosen.flatMap { sample in
              data.pixels[
                sample.index * data.pixelsPerImage..<(sample.index + 1) * data.pixelsPerImage]
            },
            labels: chosen.map { data.labels[$0.index] })
          let mean = chosen.reduce(0) { $0 + $1.loss } / Double(chosen.count)
          let found = try Evaluator(model, part, communicator: communicator).run().loss
          return abs(found / mean - 1)
        }
      }
      for errors in errors { expectClose("mean losses, \(ranks) ranks", errors) }
    }

    @Test(
      "‖∇f‖ and ‖∇²f·v‖ are those of double precision, for any number of ranks",
      arguments: [1, 2, 3])
    func curvature(ranks: Int) throws {
      let trained = try Self.trained.get()
      let confident = try Self.confident.get()
      let found = try InProcessCommunicator.run(ranks: ranks) { communicator in
        try CurvatureSurvey(
          trained.load(.curvature, maximumSamples: 16, communicator: communicator), trained.data,
          of: .loss, estimator: .power(iterations: 1, tolerance: 0), probes: Self.probes, batch: 64,
          communicator: communicator
        ).run()
      }
      for samples in found {
        expectClose(
          "‖∇f‖, \(ranks) ranks",
          confident.map { abs(samples[$0.index].gradientNorm / $0.gradientNorm - 1) })
        expectClose(
          "‖∇²f·v‖, \(ranks) ranks",
          confident.map { abs(samples[$0.index].hessianNorm / $0.productNorm - 1) })
      }
    }

    @Test("gradients move as in double precision, for any number of ranks", arguments: [1, 2, 3])
    func stability(ranks: Int) throws {
      let trained = try Self.trained.get()
      let confident = try Self.confident.get()
      let found = try InProcessCommunicator.run(ranks: ranks) { communicator in
        try StabilitySurvey(
          trained.load(.inputGradients, maximumSamples: 16, communicator: communicator),
          trained.data,
          of: .loss, epsilons: Self.epsilons, directions: 1, probes: Self.probes, batch: 64,
          communicator: communicator
        ).run()
      }
      for changes in found {
        for (number, epsilon) in Self.epsilons.enumerated() {
          expectClose(
            "change at \(epsilon), \(ranks) ranks",
            confident.map {
              let change = changes[$0.index * Self.epsilons.count + number].mean
              return abs(change - $0.changes[number]) / $0.steepest[number]
            })
        }
      }
    }

    @Test("no estimate of ‖∇²f‖ is above the truth")
    func lowerBound() throws {
      let trained = try Self.trained.get()
      let confident = try Self.confident.get().sorted { $0.loss < $1.loss }
      let model = try trained.load(
        .curvature, maximumSamples: 8, communicator: SoloCommunicator())
      let twin = DoubleNetwork(model)
      let chosen = (0..<8).map { confident[$0 * (confident.count - 1) / 7] }
      let labels = chosen.map { Int32(trained.data.labels[$0.index]) }
      let images = chosen.map { trained.image($0.index) }
      for estimator in [
        CurvatureEstimator.power(iterations: 200, tolerance: 1e-6),
        .lanczos(iterations: 40, tolerance: 1e-4),
      ] {
        let pixels = images.flatMap { $0 }
        model.input.value.pointer.update(from: pixels, count: pixels.count)
        for (place, sample) in chosen.enumerated() {
          Self.probes.write(
            sample: sample.index, into: model.input.tangent.slice(place..<place + 1))
        }
        let found = try labels.withUnsafeBufferPointer {
          try NormalizedCurvature(model, estimator: estimator).measure(8, labels: $0)
        }
        for (place, sample) in chosen.enumerated() {
          let spectrum = DenseAlgebra.symmetricEigenvalues(
            twin.hessian(images[place].map(Double.init), label: Int(labels[place])))
          let truth = max(-(spectrum.first ?? 0), spectrum.last ?? 0)
          let ratio = found[place].hessianNorm / truth
          #expect(
            ratio <= 1 + Self.tolerance && ratio > 0.9,
            "\(estimator), loss \(sample.loss): estimate over ‖∇²f‖ \(ratio)")
        }
      }
    }
  }
}
