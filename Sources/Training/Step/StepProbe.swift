import MessagePassing
import Networks

/// A phase of a training step, in the order of the step.
public enum StepPhase: String, Sendable, CaseIterable, Codable {
  /// Spectral norms, β and γ from the weights.
  case refresh
  /// The batch into the model's input, and the start of the counters.
  case input
  /// The attack that turns the images into adversarial examples: several sweeps.
  case attack
  case forward
  /// Data gradients only, which the tangents of a penalty start from.
  case dataBackward
  /// CURE's gradient at x + z, and the tangents there.
  case secondPoint
  case forwardTangent
  /// The last sweep of a step without a penalty on input gradients; it writes parameter gradients.
  case backward
  /// The last sweep of a step with such a penalty; it writes parameter gradients.
  case backwardTangent
  /// The allreduce of the last bucket, and waiting for all others.
  case reduce
  /// Parameter gradients through W/σ(W) and exp; alternates with `update`, parameter by parameter.
  case pullBack
  /// Momentum and weights.
  case update
}

/// An observer of a training step, told of its phases and of each layer of their sweeps.
///
/// The calls come in the order of the step, from the thread that makes it. A phase ends where the
/// next one begins. Whoever keeps what it is told must allocate before the step, since a step
/// allocates nothing.
public protocol StepProbe: SweepProbe {
  func enter(_ phase: StepPhase)
  /// The step is over.
  func leave()
}

extension StepPhase {
  /// The activity of the phase in the ledger of collectives, which numbers batch norms within an
  /// activity.
  var activity: ProgramPoint.Activity {
    switch self {
    case .refresh: .refresh
    case .input, .attack, .secondPoint, .forward: .forward
    case .dataBackward, .backward, .reduce: .backward
    case .forwardTangent: .forwardTangent
    case .backwardTangent: .backwardTangent
    case .pullBack, .update: .update
    }
  }
}
