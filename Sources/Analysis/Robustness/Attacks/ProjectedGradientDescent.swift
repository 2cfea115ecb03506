import Failures
import Layers
import Networks
import RandomNumbers
import Tensors

/// x ← P(x + η·d(∇ₓℓ)) from a point near the image: a fixed number of steps up the loss, for all
/// samples at once.
///
/// P projects into the threat model, d is its steepest direction, ℓ the cross-entropy. This is the
/// attack of adversarial training; ``ProjectedGradientAttack`` measures with the same step. Buffers
/// are allocated once, and none in `run`. The model must have input gradients and be refreshed.
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
    /// In training mode samples interact through the batch statistics, and every pass makes its
    /// collectives. The statistics are staged, never committed.
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

  /// The labels of the loss that the attack raises.
  public enum Labels {
    case given(UnsafeBufferPointer<Int32>)
    /// The classes that the model predicts at the images.
    case predicted
  }

  public let model: Model
  public let settings: Settings
  /// Random starts are a function of seed, sample and number.
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

  /// Replaces the first `samples` images of `model.input.value` by the attack's last points.
  ///
  /// Overwrites the model's values and the gradients of the input. Collective in training mode.
  /// - Parameters:
  /// - indices: the indices of the samples in their data set; with `number`, they key the random
  ///   starts.
  /// - number: the number of the start, such as a restart or an epoch.
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
          around: row(image, sample), using: &generator, into: row(input.value, sample))
      }
    }
    for _ in 0..<settings.steps {
      model.forward(samples, mode: settings.mode)
      _ = loss.forward(model.logits.prefix(samples), labels: classes, scale: 1)
      model.backward(samples)
      for sample in 0..<samples {
        let point = row(input.value, sample)
        settings.threat.ascend(point, along: row(input.gradient, sample), by: settings.stepSize)
        settings.threat.project(point, around: row(image, sample))
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

  private func row(_ tensor: Tensor, _ sample: Int) -> Tensor {
    tensor.slice(sample..<sample + 1)
  }
}
