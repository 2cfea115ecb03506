import Kernels
import Networks
import Tensors

/// The estimator of a Hessian's spectral norm.
public enum CurvatureEstimator: Sendable, Equatable {
  /// Power iteration, see ``PowerIteration``.
  case power(iterations: Int, tolerance: Double)
  /// Lanczos iteration with signed extremes, see ``Lanczos``.
  case lanczos(iterations: Int, tolerance: Double)
  /// The estimator of the reference code, see ``ReferenceEstimator``.
  case reference

  /// Most products of an iteration; the reference code's number for power iteration.
  public static let defaultIterations = (lanczos: 30, power: ReferenceEstimator.iterations)
  /// Relative residual, or growth, at which a sample has converged.
  public static let defaultTolerance = 1e-3

  /// The default of all measurements: most samples converge within 8 to 20 products.
  ///
  /// Ten power iterations leave up to two thirds of the samples of a trained network unconverged,
  /// and fall short by different amounts for different networks.
  public static let standard = lanczos(
    iterations: defaultIterations.lanczos, tolerance: defaultTolerance)
}

/// C_f(x) = ‖∇²f(x)‖₂/(‖∇f(x)‖₂ + ε) per sample; ε = 1e-6 is the paper's.
/// - Source: Srinivas et al. 2022, §3.1.
public struct NormalizedCurvature {
  public static let epsilon = 1e-6

  /// The geometry of f at one sample.
  public struct Sample: Sendable, Equatable, BitwiseCopyable {
    /// The class that the model predicts.
    public let prediction: Int
    public let gradientNorm: Double
    public let hessian: SpectralEstimate
    public var hessianNorm: Double { hessian.norm }
    public var curvature: Double { hessianNorm / (gradientNorm + NormalizedCurvature.epsilon) }
  }

  private let product: HessianVectorProduct
  /// Is told the share of the products that is done, of those that are made at most.
  private let iterate: (_ samples: Int, _ onProduct: (Double) -> Void) -> [SpectralEstimate]

  /// - Throws: ``ArenaError`` if the vectors of a Lanczos iteration do not fit.
  public init(
    _ model: Model, of function: ScalarFunction = .loss, estimator: CurvatureEstimator
  ) throws {
    let product = HessianVectorProduct(model, of: function)
    self.product = product
    switch estimator {
    case .power(let iterations, let tolerance):
      let power = PowerIteration(iterations: iterations, tolerance: tolerance)
      iterate = { power.run(product, $0, onProduct: $1) }
    case .lanczos(let iterations, let tolerance):
      let lanczos = try Lanczos(product, iterations: iterations, tolerance: tolerance)
      iterate = { lanczos.run($0, onProduct: $1) }
    case .reference:
      iterate = { ReferenceEstimator().run(product, $0, onProduct: $1) }
    }
  }

  /// Measures the first `samples` samples of `model.input`.
  ///
  /// The iteration starts from the directions in `input.tangent` and overwrites them.
  /// - Parameter onProduct: is told after each product which share of them is done at least.
  public func measure(
    _ samples: Int, labels: UnsafeBufferPointer<Int32>, onProduct: (Double) -> Void = { _ in }
  ) -> [Sample] {
    product.linearize(samples, labels: labels)
    let estimates = iterate(samples, onProduct)
    return estimates.indices.map { sample in
      Sample(
        prediction: product.gradient.prediction(sample),
        gradientNorm: product.gradient.norm(sample), hessian: estimates[sample])
    }
  }
}
