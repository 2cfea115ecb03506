import Networks
import Training

/// A row of a traced step: a sweep of one of the step's phases, or the work outside of layers.
public enum TracedPass: String, Sendable, CaseIterable, Codable {
  /// Spectral norms, β and γ from the weights.
  case refresh
  /// The sweeps of adversarial training's attack.
  case attackForward, attackBackward
  /// The attack's random starts, losses and moves.
  case attackMoves
  /// CURE's sweeps at x + z.
  case cureForward, cureBackward, cureForwardTangent, cureBackwardTangent
  /// CURE's copies of edges, second point, loss and difference of gradients.
  case cureDifference
  case forward
  /// The batch into the model's input, the loss, and the directions of tangents.
  case loss
  /// Data gradients only, before the tangents of a penalty.
  case dataBackward
  case forwardTangent
  /// The last sweep, which writes the parameters' gradients.
  case backward
  case backwardTangent
  /// Allreduces of gradients, also those between the layers of the last sweep.
  case reduce
  /// Gradients of effective parameters to those of the trained ones.
  case pullBack
  case update

  /// - Parameter sweep: nil for work outside of layers.
  init(_ phase: StepPhase, _ sweep: Sweep?) {
    self =
      switch (phase, sweep) {
      case (.refresh, _): .refresh
      case (.attack, nil): .attackMoves
      case (.attack, .forward), (.attack, .forwardTangent): .attackForward
      case (.attack, .backward), (.attack, .backwardTangent): .attackBackward
      case (.secondPoint, nil): .cureDifference
      case (.secondPoint, .forward): .cureForward
      case (.secondPoint, .backward): .cureBackward
      case (.secondPoint, .forwardTangent): .cureForwardTangent
      case (.secondPoint, .backwardTangent): .cureBackwardTangent
      case (.input, _): .loss
      case (.forward, let sweep): sweep == nil ? .loss : .forward
      case (.dataBackward, let sweep): sweep == nil ? .loss : .dataBackward
      case (.forwardTangent, let sweep): sweep == nil ? .loss : .forwardTangent
      // Between the layers of a last sweep the reducer starts buckets.
      case (.backward, let sweep): sweep == nil ? .reduce : .backward
      case (.backwardTangent, let sweep): sweep == nil ? .reduce : .backwardTangent
      case (.reduce, _): .reduce
      case (.pullBack, _): .pullBack
      case (.update, _): .update
      }
  }

  /// Whether the sweep is the attack's, which may be made in evaluation mode.
  var isOfAttack: Bool { self == .attackForward || self == .attackBackward }

  /// Whether buckets of gradients are completed by the sweep's layers.
  var completesBuckets: Bool { self == .backward || self == .backwardTangent }

  /// Whether its time is proportional to a rank's samples.
  var scalesWithSamples: Bool {
    switch self {
    case .refresh, .reduce, .pullBack, .update: false
    default: true
    }
  }
}
