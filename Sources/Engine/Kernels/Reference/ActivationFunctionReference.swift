#if canImport(Glibc)
  import Glibc
#endif

/// The plain twin of ``ActivationFunction``: one element at a time, in double, by the formulas of
/// the definition.
package struct ActivationFunctionReference: Sendable {
  private let form: ActivationFunction.Form
  private let beta: Double

  package init(_ function: ActivationFunction) {
    form = function.form
    beta = Double(function.beta)
  }

  /// s(x).
  package func value(_ x: Double) -> Double {
    let z = beta * x
    return switch form {
    case .softplus: softplus(z) / beta
    case .centeredSoftplus: (softplus(z) - log(2)) / beta
    case .relu: max(z, 0) / beta
    case .gelu: z * normal(z) / beta
    case .silu: z * sigmoid(z) / beta
    }
  }

  /// s'(x).
  package func derivative(_ x: Double) -> Double {
    let z = beta * x
    return switch form {
    case .softplus, .centeredSoftplus: z > 20 ? 1 : sigmoid(z)
    case .relu: z > 0 ? 1 : 0
    case .gelu: normal(z) + z * density(z)
    case .silu: sigmoid(z) + z * sigmoid(z) * sigmoid(-z)
    }
  }

  /// s''(x).
  package func secondDerivative(_ x: Double) -> Double {
    let z = beta * x
    return switch form {
    case .softplus, .centeredSoftplus: z > 20 ? 0 : beta * sigmoid(z) * sigmoid(-z)
    case .relu: 0
    case .gelu: beta * density(z) * (2 - z * z)
    case .silu: beta * sigmoid(z) * sigmoid(-z) * (2 + z * (sigmoid(-z) - sigmoid(z)))
    }
  }

  /// ∂s/∂β of a softplus, else 0.
  package func betaDerivative(_ x: Double) -> Double {
    isSoftplus ? (x * derivative(x) - value(x)) / beta : 0
  }

  /// ∂s'/∂β of a softplus, else 0.
  package func betaDerivativeOfSlope(_ x: Double) -> Double {
    isSoftplus ? x * secondDerivative(x) / beta : 0
  }

  private var isSoftplus: Bool { form == .softplus || form == .centeredSoftplus }

  private func softplus(_ z: Double) -> Double {
    z > 20 ? z : max(z, 0) + log1p(exp(-abs(z)))
  }

  private func sigmoid(_ z: Double) -> Double { 1 / (1 + exp(-z)) }

  private func normal(_ z: Double) -> Double { 0.5 * erfc(-z * 0.5.squareRoot()) }

  private func density(_ z: Double) -> Double { exp(-z * z / 2) / (2 * Double.pi).squareRoot() }
}
