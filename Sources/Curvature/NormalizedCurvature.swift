import Kernels
import Networks
import Tensors

/// C_f(x) = ‖∇²f(x)‖₂/(‖∇f(x)‖₂ + ε) per sample, the spectral norm by power iteration.
///
/// ‖∇²f‖₂ is the norm of H·v at the last of the unit vectors v: always from below, and unlike |vᵀHv| it
/// cannot cancel. ε = 1e-6 is the paper's.
/// - Source: Srinivas et al. 2022, §3.1.
public struct NormalizedCurvature {
  public static let epsilon = 1e-6

  /// The geometry of f at one sample.
  public struct Sample: Sendable, Equatable {
    public let gradientNorm: Double
    public let hessianNorm: Double
    public var curvature: Double { hessianNorm / (gradientNorm + NormalizedCurvature.epsilon) }
  }

  private let product: HessianVectorProduct

  public init(_ model: Model) { product = HessianVectorProduct(model) }

  /// The first `samples` samples of `model.input`, iterating from the directions in `input.tangent`,
  /// which it overwrites.
  public func measure(
    _ samples: Int, labels: UnsafeBufferPointer<Int32>, iterations: Int
  ) -> [Sample] {
    let input = product.model.input
    product.linearize(samples, labels: labels)
    for sample in 0..<samples { normalize(input.tangent.slice(sample..<sample + 1)) }
    var norms = [Double](repeating: 0, count: samples)
    for _ in 0..<iterations {
      product.apply(samples)
      for sample in 0..<samples {
        let image = sample..<sample + 1
        norms[sample] = sumOfSquares(input.gradientTangent.slice(image)).squareRoot()
        input.tangent.slice(image).copy(from: input.gradientTangent.slice(image))
        normalize(input.tangent.slice(image))
      }
    }
    return (0..<samples).map { sample in
      Sample(
        gradientNorm: sumOfSquares(input.gradient.slice(sample..<sample + 1)).squareRoot(),
        hessianNorm: norms[sample])
    }
  }

  /// A zero vector, H = 0 at the sample, stays zero.
  private func normalize(_ vector: Tensor) {
    let norm = sumOfSquares(vector).squareRoot()
    if norm > 0 { scale(vector, by: Float(1 / norm), into: vector) }
  }
}
