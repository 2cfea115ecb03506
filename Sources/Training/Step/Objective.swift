import Networks
import Tensors

#if canImport(Glibc)
  import Glibc
#endif

/// The function of the weights that training minimises.
///
///     meanᵢ ℓᵢ(xᵢ) + λ_β·Σβ + λ_γ·Σ|log γ| + λ_b·log Σᵢ Πⱼ≤ᵢ γⱼβⱼ
///       + λ_g·meanᵢ ‖∇ₓℓᵢ(xᵢ)‖² + λ_c·meanᵢ ‖∇ₓℓᵢ(xᵢ + zᵢ) − ∇ₓℓᵢ(xᵢ)‖²,   zᵢ = h·sign(∇ₓℓᵢ(xᵢ))/‖sign(∇ₓℓᵢ(xᵢ))‖₂
///
/// ℓᵢ is the cross-entropy of sample i, in training mode. Under adversarial training xᵢ is the
/// adversarial example; xᵢ and zᵢ are held fixed. Means run over the samples of the *global* batch,
/// so λ_g and λ_c depend neither on the batch size nor on the number of ranks. Sums run over
/// layers, so a shared β counts once for each of its layers; Σβ takes exp(log_beta) without the
/// offset 1e-3. Weight decay is not part of it: ``SGD`` adds d·W to the gradient of weights and
/// biases, and d·log β.
/// - Source: Srinivas et al. 2022, §3.4; in the reference λ_g = λ·1e5/B². CURE: see
///   ``CUREPenalty``.
public struct Objective: Sendable, Equatable {
  /// λ_β.
  public var beta: Float
  /// λ_γ.
  public var gamma: Float
  /// λ_b of the ``ProductBound``.
  public var bound: Float
  /// λ_g, in squared loss per squared pixel unit.
  public var gradientNorm: Float
  /// λ_c, in the units of λ_g.
  public var cure: Float
  /// h = ‖zᵢ‖₂, in pixel units.
  public var cureStep: Float

  public init(
    beta: Float = 0, gamma: Float = 0, bound: Float = 0, gradientNorm: Float = 0, cure: Float = 0,
    cureStep: Float = 1
  ) {
    self.beta = beta
    self.gamma = gamma
    self.bound = bound
    self.gradientNorm = gradientNorm
    self.cure = cure
    self.cureStep = cureStep
  }

  /// Whether a term depends on input gradients, so that a step needs tangent passes.
  public var penalizesInputGradient: Bool { gradientNorm > 0 || cure > 0 }

  /// λ_β·Σβ + λ_γ·Σ|log γ| + λ_b·log Σᵢ Πⱼ≤ᵢ γⱼβⱼ, the terms that depend on the weights alone.
  public func weightPenalty(_ model: Model) -> Double {
    var sum = bound > 0 ? Double(bound) * ProductBound(model).measure() : 0
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

  /// Adds the gradient of ``weightPenalty(_:)`` without its last term with respect to one
  /// parameter, once a step and after the pull-back.
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
