import Layers
import Networks
import Tensors

#if canImport(Glibc)
  import Glibc
#endif

/// log Σᵢ Πⱼ≤ᵢ γⱼβⱼ over the activations i of a network, and its gradient.
///
/// The product runs over the batch norms and activations before activation i, and over itself, in
/// the order in which the reference code evaluates them: a residual block counts as one sequence,
/// with the shortcut's batch norm before the branch's first activation. It is the product of the
/// bounds γ of Lipschitz constants and β of normalised curvatures; the paper's surrogate has the β
/// of activation i alone. A shared β counts once for each of its layers. Batch norms without a
/// trained γ count as 1.
/// - Source: `CurvatureUpperBoundRegularizedLoss` of github.com/kylematoba/lcnn at a9d2528, without
///   its constant.
package final class ProductBound {
  /// A scalar's logarithm in the sequence.
  private struct Factor {
    let parameter: Parameter
    /// Whether a term of the sum ends with the factor: it is an activation's β.
    let endsTerm: Bool
  }

  private let factors: [Factor]
  /// The derivative by the logarithm of each factor.
  private var slopes: [Double]

  /// - Parameter model: one with trained β.
  package init(_ model: Model) {
    factors = ProductBound.factors(model.chain.evaluation[...])
    slopes = [Double](repeating: 0, count: factors.count)
  }

  /// Computes the value at the model's present scalars, and the gradient for ``addGradient(times:to:)``.
  @discardableResult package func measure() -> Double {
    var (sum, largest) = (0.0, -Double.infinity)
    for factor in factors {
      sum += Double(factor.parameter.value[0])
      if factor.endsTerm { largest = max(largest, sum) }
    }
    sum = 0
    var total = 0.0
    for (index, factor) in factors.enumerated() {
      sum += Double(factor.parameter.value[0])
      slopes[index] = factor.endsTerm ? exp(sum - largest) : 0
      total += slopes[index]
    }
    // A factor is in the terms that end with it or later.
    var later = 0.0
    for index in factors.indices.reversed() {
      later += slopes[index] / total
      slopes[index] = later
    }
    return largest + log(total)
  }

  /// Adds `weight` times the gradient of the last ``measure()`` with respect to one parameter.
  package func addGradient(times weight: Float, to parameter: Parameter) {
    guard parameter.kind == .logBeta || parameter.kind == .logLipschitz else { return }
    for (factor, slope) in zip(factors, slopes) where factor.parameter === parameter {
      parameter.gradient[0] += weight * Float(slope)
    }
  }

  private static func factors(_ maps: ArraySlice<EvaluationMap>) -> [Factor] {
    maps.flatMap { map -> [Factor] in
      switch map {
      case .normalization(let norm):
        norm.logLipschitz.isTrained ? [Factor(parameter: norm.logLipschitz, endsTerm: false)] : []
      case .activation(let activation):
        activation.parameters.map { Factor(parameter: $0, endsTerm: true) }
      case .residual(let branch, let shortcut):
        residual(branch, shortcut)
      case .affine, .averagePooling, .maximumPooling: []
      }
    }
  }

  private static func residual(
    _ branch: [EvaluationMap], _ shortcut: [EvaluationMap]?
  ) -> [Factor] {
    let split =
      branch.firstIndex { if case .activation = $0 { true } else { false } } ?? branch.endIndex
    return factors(branch[..<split]) + factors((shortcut ?? [])[...]) + factors(branch[split...])
  }
}
