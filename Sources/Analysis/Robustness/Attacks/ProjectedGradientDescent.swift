import Failures
import Layers
import Networks
import RandomNumbers
import Tensors

/// x ← P(x + η·d(∇ₓℓ)) from a point near the image: a fixed number of steps up the loss, all
/// samples at once.
///
/// P projects into the threat model, d is its steepest direction, ℓ the cross-entropy. This is the
/// attack of adversarial training; ``ProjectedGradientAttack`` measures with the same step. Buffers
/// are allocated once, nothing in `run`. Needs a model whose plan has input gradients, refreshed.
/// - Source: Madry et al., "Towards deep learning models resistant to adversarial attacks", ICLR
///   2018.
public final class ProjectedGradientDescent {
  public enum Start: Sendable, Equatable {
    case image
    /// A random point of the threat model.
    case random
  }

  public struct Settings: Sendable, Equatable {
    public var threat: ThreatModel
    public var steps: Int
    /// η, in units of the norm.
    public var stepSize: Double
    public var start: Start
    /// The mode of the passes.
    ///
    /// In training mode samples interact through the batch's statistics, and every pass makes its
    /// collectives; the statistics are staged, never committed.
    public var mode: Mode

    public init(
      threat: ThreatModel, steps: Int, stepSize: Double, start: Start = .random,
      mode: Mode = .evaluation
    ) {
      require(
        steps >= 0 && stepSize >= 0 && stepSize.isFinite, "\(steps) steps of length \(stepSize)")
      self.threat = threat
      self.steps = steps
      self.stepSize = stepSize
      self.start = start
      self.mode = mode
    }
  }

  /// Whose loss rises.
  public enum Labels {
    case given(UnsafeBufferPointer<Int32>)
    /// The classes that the model predicts at the images.
    case predicted
  }

  public let model: Model
  public let settings: Settings
  /// Random starts are functions of seed, sample and number.
  public let seed: UInt64
  private let loss = SoftmaxCrossEntropy()
  private let image: Tensor
  private let predictions: UnsafeMutableBufferPointer<Int32>
  private let arena: Arena

  /// - Throws: ``ArenaError`` if the copy of the images does not fit.
  public init(_ model: Model, _ settings: Settings, seed: UInt64) throws {
    require(model.input.gradient.isPresent, "a model built for \(model.configuration.purpose)")
    self.model = model
    self.settings = settings
    self.seed = seed
    let shape = model.input.shape
    ((image, predictions), arena) = try Arena.plan {
      ($0.tensor(shape), $0.buffer(of: Int32.self, count: shape.samples))
    }
  }

  /// Moves the first `samples` images of `model.input.value` to where the attack ends.
  ///
  /// Overwrites the model's values and gradients of the input. In training mode collective.
  /// - Parameters:
  ///   - indices: of the samples in their data set; with `number`, what random starts are keyed by.
  ///   - number: of the start: a restart, or an epoch.
  public func run(
    _ samples: Int, labels: Labels, indices: UnsafeBufferPointer<Int32>, number: Int = 0
  ) {
    require(indices.count >= samples, "\(indices.count) indices for \(samples) samples")
    let input = model.input.prefix(samples)
    image.prefix(samples).copy(from: input.value)
    let classes = classes(labels, samples)
    if settings.start == .random {
      for sample in 0..<samples {
        var generator = KeyedGenerator(
          seed: seed, purpose: .attackStart, a: UInt64(indices[sample]), b: UInt64(number))
        settings.threat.writeRandomPoint(
          around: one(image, sample), using: &generator, into: one(input.value, sample))
      }
    }
    for _ in 0..<settings.steps {
      model.forward(samples, mode: settings.mode)
      _ = loss.forward(model.logits.prefix(samples), labels: classes, scale: 1)
      model.backward(samples)
      for sample in 0..<samples {
        let point = one(input.value, sample)
        settings.threat.ascend(point, along: one(input.gradient, sample), by: settings.stepSize)
        settings.threat.project(point, around: one(image, sample))
      }
    }
    withExtendedLifetime(arena) {}
  }

  private func classes(_ labels: Labels, _ samples: Int) -> UnsafeBufferPointer<Int32> {
    switch labels {
    case .given(let labels): return labels
    case .predicted:
      model.forward(samples, mode: settings.mode)
      for sample in 0..<samples {
        predictions[sample] = Int32(Logits(model.logits, sample: sample).prediction)
      }
      return UnsafeBufferPointer(predictions)
    }
  }

  private func one(_ tensor: Tensor, _ sample: Int) -> Tensor {
    tensor.slice(sample..<sample + 1)
  }
}
