import Checkpoints
import Curvature
import Datasets
import Foundation
import Layers
import MessagePassing
import Networks
import ReferenceCases
import Tensors
import TestSupport
import Testing
import Training

/// Compares the engine with the reference implementation, which ran in float64, in every ``ReferenceCase``.
///
/// Under mpirun the ranks divide the batch, with global batch statistics.
@Suite(.serialized) struct ReferenceTests {
  /// Float32 against float64: 1e-7 is usual, and the reference itself in float32 is off by up to 4e-5.
  static let firstOrder = 1e-4
  /// Second-order values, and a state after three steps.
  static let secondOrder = 5e-4

  static let cases = Result { try ReferenceCase.all() }

  let communicator = TestRanks.communicator

  @Test("the folder of cases holds some")
  func casesExist() throws {
    #expect(try !Self.cases.get().isEmpty, "\(ReferenceCase.folder)")
  }

  @Test("logits, input gradients, Hessian-vector products and curvature are the reference's")
  func evaluation() throws {
    for reference in try Self.cases.get() { try checkEvaluation(reference) }
  }

  @Test("one step's gradients and buffers, and the state after all steps, are the reference's")
  func training() throws {
    for reference in try Self.cases.get() { try checkTraining(reference) }
  }

  private func share(_ count: Int) -> Range<Int> {
    ShardedSampler.share(of: count, rank: communicator.rank, size: communicator.size)
  }

  private func expect(
    _ comparison: Comparison, within tolerance: Double, floor: Double = 0, _ name: String
  ) {
    #expect(
      comparison.isWithin(tolerance, floor: floor),
      "\(name), rank \(communicator.rank) of \(communicator.size): \(comparison)")
  }

  private func checkEvaluation(_ reference: ReferenceCase) throws {
    let mine = share(reference.details.batch)
    let model = try Model(
      reference.architecture(),
      ModelConfiguration(.curvature, maximumSamples: mine.count, slices: Slices(samples: 2)),
      communicator: communicator)
    try model.load(reference.initial, from: reference.name)
    model.refresh(.evaluation)
    let n = mine.count
    model.input.value.pointer.update(from: reference.pixels(mine), count: model.input.value.count)
    let labels = Array(reference.labels[mine])
    let direction = try reference.expectedImages("eval.hvp_v", mine).map { Float($0) }
    model.input.tangent.pointer.update(from: direction, count: direction.count)

    labels.withUnsafeBufferPointer { labels in
      let product = HessianVectorProduct(model)
      product.linearize(n, labels: labels)
      product.apply(n)
    }
    let classes = reference.details.classes
    let logits = try reference.expectedValues("eval.logits")
    expect(
      Comparison("logits", model.logits.value.buffer, logits[mine.scaled(by: classes)]),
      within: Self.firstOrder, reference.name)
    expect(
      Comparison(
        "input gradient", model.input.gradient.buffer,
        try reference.expectedImages("eval.input_grad", mine)),
      within: Self.firstOrder, reference.name)
    expect(
      Comparison(
        "Hessian-vector product", model.input.gradientTangent.buffer,
        try reference.expectedImages("eval.hvp", mine)),
      within: Self.secondOrder, reference.name)

    func measure(_ estimator: CurvatureEstimator) throws -> [NormalizedCurvature.Sample] {
      model.input.tangent.pointer.update(from: direction, count: direction.count)
      let curvature = try NormalizedCurvature(model, estimator: estimator)
      return labels.withUnsafeBufferPointer { curvature.measure(n, labels: $0) }
    }
    let samples = try measure(.lanczos(iterations: 200, tolerance: 1e-4))
    #expect(samples.allSatisfy { $0.hessian.isConverged == true }, "\(reference.name)")
    let extremes = samples.compactMap(\.hessian.extremes)
    let tenIterations = try measure(.reference)
    for (name, found, tolerance) in [
      ("grad_norm", samples.map { Float($0.gradientNorm) }, Self.firstOrder),
      ("hessian_norm_exact", samples.map { Float($0.hessianNorm) }, Self.secondOrder),
      ("curvature_exact", samples.map { Float($0.curvature) }, Self.secondOrder),
      (
        "estimator10.hessian_norm", tenIterations.map { Float($0.hessianNorm) },
        Self.secondOrder
      ),
      ("estimator10.curvature", tenIterations.map { Float($0.curvature) }, Self.secondOrder),
    ] {
      let expected = try reference.expectedValues("eval.\(name)")
      expect(Comparison(name, found, expected[mine]), within: tolerance, reference.name)
    }
    expect(
      Comparison(
        "extreme eigenvalues", extremes.flatMap { [Float($0.smallest), Float($0.largest)] },
        try reference.expectedValues("eval.hessian_extremes")[mine.scaled(by: 2)]),
      within: Self.secondOrder, reference.name)
  }

  private func checkTraining(_ reference: ReferenceCase) throws {
    let details = reference.details
    let mine = share(details.batch)
    let objective = reference.objective
    let model = try Model(
      reference.architecture(),
      ModelConfiguration(
        objective.penalizesInputGradient ? .trainingWithPenalty : .training,
        maximumSamples: mine.count, slices: Slices(samples: 2)),
      communicator: communicator)
    try model.load(reference.initial, from: reference.name)
    // Small buckets, so that several are summed within the backward sweep.
    let step = TrainingStep(
      model, objective: objective,
      optimizer: SGD(
        momentum: details.momentum, weightDecay: details.weightDecay,
        betaDecay: details.betaDecay ?? 0),
      communicator: communicator, bucketBytes: 4096)

    var pixels = reference.pixels(mine)
    var labels = Array(reference.labels[mine])
    var indices = mine.map { Int32($0) }
    for index in 0..<details.steps {
      let penalty = objective.weightPenalty(model)
      let result = pixels.withUnsafeMutableBufferPointer { pixels in
        labels.withUnsafeMutableBufferPointer { labels in
          indices.withUnsafeMutableBufferPointer { indices in
            step.run(
              Batch(
                images: pixels, labels: labels, sampleIndices: indices, count: mine.count,
                globalCount: details.batch, globalOffset: mine.lowerBound, epoch: 0, step: index),
              learningRate: details.lr)
          }
        }
      }
      #expect(result.isApplied)
      let expected = details.train[index]
      expect(
        Comparison("loss of step \(index)", [Float(result.loss)], [expected.rawLoss]),
        within: Self.firstOrder, reference.name)
      let total =
        result.loss + penalty + Double(objective.gradientNorm) * result.gradientNormSquare
      expect(
        Comparison("objective of step \(index)", [Float(total)], [expected.loss]),
        within: Self.firstOrder, reference.name)
      if index == 0 { try checkFirstStep(reference, model) }
    }
    try check(
      model.stateDictionary(), prefix: "final.", reference, tolerance: Self.secondOrder)
  }

  private func checkFirstStep(_ reference: ReferenceCase, _ model: Model) throws {
    // Gradients that are zero up to rounding are held to 1e-6 of the case's largest.
    let gradients = reference.expected.tensors.keys.filter { $0.hasPrefix("step1.grad.") }
    let largest = try gradients.reduce(0.0) { largest, name in
      max(largest, try reference.expectedValues(name).map(abs).max() ?? 0)
    }
    let tolerance =
      reference.objective.penalizesInputGradient ? Self.secondOrder : Self.firstOrder
    var checked = 0
    for parameter in model.trained {
      for name in parameter.names where gradients.contains("step1.grad.\(name)") {
        let found = parameter.layout.store(parameter.gradient)
        expect(
          Comparison(name, found, try reference.expectedValues("step1.grad.\(name)")),
          within: tolerance, floor: 1e-6 * largest, reference.name)
        checked += 1
      }
    }
    #expect(checked == gradients.count, "\(reference.name): \(checked) of \(gradients.count)")
    try check(
      model.stateDictionary(), prefix: "step1.buffer.", reference, tolerance: Self.firstOrder)
  }

  /// Every expected entry with the prefix is in the dictionary and equal, and there is at least one.
  private func check(
    _ dictionary: StateDictionary, prefix: String, _ reference: ReferenceCase, tolerance: Double
  ) throws {
    var checked = 0
    for name in reference.expected.tensors.keys.sorted() where name.hasPrefix(prefix) {
      let key = String(name.dropFirst(prefix.count))
      if key.hasSuffix(".offset") { continue }
      guard let entry = dictionary[key] else {
        Issue.record("\(reference.name): no \(key)")
        continue
      }
      expect(
        Comparison(name, entry.values, try reference.expectedValues(name)), within: tolerance,
        reference.name)
      checked += 1
    }
    #expect(checked > 0, "\(reference.name): nothing expected under \(prefix)")
  }
}

extension ReferenceCase {
  /// The reference's loss with its constants; its gradient penalty is reg_gnorm·1e5/B² per sample.
  fileprivate var objective: Objective {
    let curvature = details.loss.contains("curvature")
    let gradientNorm = details.loss.contains("gnorm")
    let batch = Float(details.batch)
    return Objective(
      beta: curvature ? details.regBeta : 0, gamma: curvature ? details.regGamma : 0,
      bound: details.loss.contains("bound") ? details.regBound ?? 0 : 0,
      gradientNorm: gradientNorm ? details.regGnorm * 1e5 / (batch * batch) : 0)
  }
}

extension Range<Int> {
  /// The elements of these rows of a matrix with `columns` columns.
  fileprivate func scaled(by columns: Int) -> Range<Int> {
    lowerBound * columns..<upperBound * columns
  }
}
