import Networks
import Tensors

#if canImport(Glibc)
  import Glibc
#endif

/// What training minimises: CE + λ_β·Σβ + λ_γ·Σ|log γ| + λ_g·meanᵢ ‖∇ₓℓᵢ‖².
///
/// Sums run over layers, so a shared β counts once for each of its layers; Σβ takes exp(log_beta) without
/// the offset 1e-3. The mean runs over the samples of the *global* batch, so λ_g depends neither on the
/// batch size nor on the number of ranks.
/// - Source: Srinivas et al. 2022, §3.4; the reference's gradient penalty is λ_g = λ·1e5/B².
public struct Objective: Sendable, Equatable {
  /// λ_β.
  public var beta: Float
  /// λ_γ.
  public var gamma: Float
  /// λ_g, in squared loss per squared pixel unit.
  public var gradientNorm: Float

  public init(beta: Float = 0, gamma: Float = 0, gradientNorm: Float = 0) {
    self.beta = beta
    self.gamma = gamma
    self.gradientNorm = gradientNorm
  }

  /// Whether the input gradient's norm counts.
  public var penalizesGradient: Bool { gradientNorm > 0 }

  /// λ_β·Σβ + λ_γ·Σ|log γ|, the part that is a function of the weights alone.
  public func weightPenalty(_ model: Model) -> Double {
    var sum = 0.0
    for parameter in model.trained {
      switch parameter.kind {
      case .logBeta:
        sum += Double(beta) * Double(parameter.uses) * exp(Double(parameter.value[0]))
      case .logLipschitz:
        sum += Double(gamma) * Double(abs(parameter.value[0]))
      case .weight, .bias:
        break
      }
    }
    return sum
  }

  /// Adds a parameter's part of the gradient of `weightPenalty`, once a step and after the pull-back.
  public func addWeightPenaltyGradient(to parameter: Parameter) {
    switch parameter.kind {
    case .logBeta where beta != 0:
      parameter.gradient[0] += beta * Float(parameter.uses) * exp(parameter.value[0])
    case .logLipschitz where gamma != 0:
      let value = parameter.value[0]
      parameter.gradient[0] += value > 0 ? gamma : value < 0 ? -gamma : 0
    default:
      break
    }
  }
}
