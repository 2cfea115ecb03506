import Recipes

#if canImport(Glibc)
  import Glibc
#endif

/// The learning rate as a function of progress in epochs, so that neither the number of ranks nor
/// the batch size shifts it.
public struct LearningRateSchedule: Sendable, Equatable {
  public var base: Double
  public var epochs: Double
  /// Epochs over which the rate rises linearly from 0.
  public var warmup: Double
  /// `constant`; `step`: × ``decay`` at each milestone; `cosine`: half a cosine from the base rate
  /// to 0 over all epochs.
  public var shape: Recipe.Schedule
  /// Fractions of all epochs, for `step`.
  public var milestones: [Double]
  public var decay: Double

  public init(
    base: Double, epochs: Double, warmup: Double, shape: Recipe.Schedule,
    milestones: [Double] = [], decay: Double = 1
  ) {
    self.base = base
    self.epochs = epochs
    self.warmup = warmup
    self.shape = shape
    self.milestones = milestones
    self.decay = decay
  }

  /// The rate of step `step` of an epoch of `stepsPerEpoch`; a warm-up's first step is not 0.
  public func rate(epoch: Int, step: Int, stepsPerEpoch: Int) -> Float {
    let progress = Double(epoch) + Double(step) / Double(stepsPerEpoch)
    let afterStep = Double(epoch) + Double(step + 1) / Double(stepsPerEpoch)
    let rising = warmup > 0 ? min(1, afterStep / warmup) : 1
    return Float(base * rising * factor(at: progress / epochs))
  }

  private func factor(at fraction: Double) -> Double {
    switch shape {
    case .constant:
      return 1
    case .step:
      // Milestones are compared in epochs with a tolerance far below a step: 0.75·200 is 150
      // exactly.
      let passed = milestones.count { fraction >= $0 - 1e-12 }
      return pow(decay, Double(passed))
    case .cosine:
      return 0.5 * (1 + cos(Double.pi * min(fraction, 1)))
    }
  }
}
