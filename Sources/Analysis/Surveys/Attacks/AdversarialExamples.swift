import Checkpoints
import Datasets
import Robustness

/// Adversarial examples of a survey, as a safetensors file.
///
/// The file holds one example for each sample that an attack has broken, at the smallest distance
/// that broke it. The example is also adversarial at every larger distance. Axes are ordered as in
/// PyTorch.
///
/// | tensor | shape | |
/// |---|---|---|
/// | `examples` | M, channels, height, width | float32, pixels in [0, 1] |
/// | `indices`, `labels`, `predictions` | M | int64, of the sample in its split |
/// | `epsilons` | M | float64, the distance at which the sample broke |
public struct AdversarialExamples {
  public let file: SafetensorsFile

  public init(_ result: AttackSurvey.Result, of dataset: Dataset) {
    let last = result.tally.findings.last ?? []
    let broken = result.examples.keys.sorted()
    let findings = broken.map { last[$0] }
    let shape = [broken.count, dataset.channels, dataset.height, dataset.width]
    let pixels = broken.flatMap { sample in
      Self.channelsFirst(result.examples[sample] ?? [], channels: dataset.channels)
    }
    file = SafetensorsFile(
      tensors: [
        "examples": StoredTensor(pixels, shape: shape),
        "indices": StoredTensor(broken.map(Int64.init), shape: [broken.count]),
        "labels": StoredTensor(
          broken.map { Int64(dataset.labels[$0]) }, shape: [broken.count]),
        "predictions": StoredTensor(
          findings.map { Int64($0.record.prediction) }, shape: [broken.count]),
        "epsilons": StoredTensor(findings.map { $0.epsilon ?? 0 }, shape: [broken.count]),
      ],
      metadata: [
        "norm": result.tally.plan.norm.rawValue, "data-set": dataset.name,
        "split": dataset.split.rawValue,
      ])
  }

  private static func channelsFirst(_ pixels: [Float], channels: Int) -> [Float] {
    (0..<channels).flatMap { channel in
      stride(from: channel, to: pixels.count, by: channels).map { pixels[$0] }
    }
  }
}
