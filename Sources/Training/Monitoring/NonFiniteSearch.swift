import Datasets
import Kernels
import Layers
import MessagePassing
import Networks
import Tensors

/// The first value of a training step that is not finite, looked for after the step was refused.
///
/// The step's own edges share memory, and a batch norm spreads one such value over all samples. So
/// the images pass a second time through a model of single layers that keeps every edge.
package struct NonFiniteSearch {
  private let model: Model
  private let communicator: any Communicator

  package init(_ model: Model, communicator: any Communicator) {
    self.model = model
    self.communicator = communicator
  }

  /// A value of this rank that is not finite, and its place in the order of the computation.
  private struct Finding {
    let order: Int
    let what: String
  }

  /// The first finding in words, the same on all ranks; nil if there is none.
  ///
  /// Collective.
  package func run(on batch: Batch) throws -> String? {
    communicator.enter(.nonFiniteSearch)
    // All ranks make the pass, also one that knows its answer already: a batch norm is collective.
    let layer = layerFinding(batch)
    let finding = weightFinding ?? imageFinding(batch) ?? layer
    let text = finding.map { "\($0.order) \($0.what)" } ?? ""
    let findings = communicator.allGather(Array(text.utf8)).enumerated().compactMap {
      rank, bytes -> (rank: Int, order: Int, what: Substring)? in
      let words = String(decoding: bytes, as: UTF8.self).split(separator: " ", maxSplits: 1)
      return words.count == 2 ? (rank, Int(words[0]) ?? .max, words[1]) : nil
    }
    let first = findings.min { ($0.order, $0.rank) < ($1.order, $1.rank) }
    return first.map { "first on rank \($0.rank): \($0.what)" } ?? gradientFinding
  }

  private var weightFinding: Finding? {
    model.parameters.first { !isFinite($0.value) }
      .map { Finding(order: 0, what: "the parameter \($0.names[0])") }
  }

  private func imageFinding(_ batch: Batch) -> Finding? {
    let pixels = model.input.shape.stride
    let place = batch.images.prefix(batch.count * pixels).firstIndex { !$0.isFinite }
    return place.map { Finding(order: 1, what: "the pixels of \(sample($0 / pixels, batch))") }
  }

  /// Collective.
  private func layerFinding(_ batch: Batch) -> Finding? {
    // A model that does not fit is no reason to end the run otherwise than it would have ended.
    guard let plain = try? Agreement(communicator).perform({ try makePlainModel() }) else {
      return nil
    }
    plain.copyParameters(of: model)
    plain.refresh(.evaluation)
    let (x, y) = (plain.input.prefix(batch.count), plain.logits.prefix(batch.count))
    _ = x.value.buffer.update(fromContentsOf: batch.images.prefix(x.value.count))
    plain.forward(batch.count, mode: .training)
    for index in plain.chain.layers.indices {
      let output = plain.chain.output(of: index, x, y).value
      guard let place = output.buffer.firstIndex(where: { !$0.isFinite }) else { continue }
      let layer = name(of: index, in: plain)
      return Finding(
        order: index + 2,
        what: "the output of \(layer) for \(sample(place / output.shape.stride, batch))")
    }
    return nil
  }

  /// Collective.
  private func makePlainModel() throws -> Model {
    let own = model.configuration
    return try Model(
      model.architecture,
      ModelConfiguration(
        .training, maximumSamples: own.maximumSamples, slices: own.slices,
        batchNormScope: own.batchNormScope, sumOrder: own.sumOrder, precision: own.precision,
        fusion: .plain),
      communicator: communicator)
  }

  /// Index among the samples of the training data that the run uses.
  private func sample(_ index: Int, _ batch: Batch) -> String {
    "sample \(batch.sampleIndices[index]) of the training data"
  }

  /// For example `layer 2 (BatchNorm, 0.f2)`, by the first of its parameters.
  private func name(of index: Int, in model: Model) -> String {
    let layer = model.chain.layers[index]
    let parameter = layer.parameters.first?.names[0].split(separator: ".").dropLast()
    let names = ["\(type(of: layer))", parameter?.joined(separator: ".") ?? ""]
    return "layer \(index + 1) (\(names.filter { !$0.isEmpty }.joined(separator: ", ")))"
  }

  /// The first parameter, in the order of the backward sweep, whose gradient is not finite.
  private var gradientFinding: String? {
    model.trained.first { !isFinite($0.gradient) }
      .map { "the outputs of all layers are finite, but not the gradient of \($0.names[0])" }
  }
}
