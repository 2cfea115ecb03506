import ArgumentParser
import Curvature

/// Options for estimating the spectral norm of a Hessian.
struct EstimatorOptions: ParsableArguments {
  enum Method: String, ExpressibleByArgument, CaseIterable { case power, lanczos }
  enum Estimator: String, ExpressibleByArgument, CaseIterable { case relative, reference }

  @Option(
    help: ArgumentHelp(
      "Lanczos iteration, which finds signed extremes too, or power iteration (default: lanczos)"))
  var method: Method?

  @Option(
    help: ArgumentHelp(
      "at most so many Hessian-vector products (default: 30, of power iteration 10)",
      valueName: "n"))
  var iterations: Int?

  @Option(
    help: ArgumentHelp(
      """
      a sample has converged when Lanczos's residuals are no more than so much of ‖H‖, or ‖Hv‖ of \
      power iteration grows by no more than so much of itself (default: 0.001)
      """, valueName: "t"))
  var tolerance: Double?

  @Option(
    help: ArgumentHelp(
      """
      relative: as --method says; reference: the paper's code, ten iterations with an absolute \
      guard, no test
      """))
  var estimator: Estimator = .relative

  func validate() throws {
    if let iterations, iterations < 1 {
      throw ValidationError("--iterations \(iterations) must be at least 1")
    }
    if let tolerance, !(tolerance >= 0 && tolerance.isFinite) {
      throw ValidationError("--tolerance \(tolerance) must be a number of at least 0")
    }
    if estimator == .reference, method != nil || iterations != nil || tolerance != nil {
      throw ValidationError(
        "--estimator reference leaves no choice of --method, --iterations and --tolerance")
    }
  }

  var resolved: CurvatureEstimator {
    if estimator == .reference { return .reference }
    let tolerance = tolerance ?? CurvatureEstimator.defaultTolerance
    let usual = CurvatureEstimator.defaultIterations
    return switch method ?? .lanczos {
    case .lanczos: .lanczos(iterations: iterations ?? usual.lanczos, tolerance: tolerance)
    case .power: .power(iterations: iterations ?? usual.power, tolerance: tolerance)
    }
  }

  /// Description of the estimator.
  var text: String {
    switch resolved {
    case .power(let iterations, let tolerance):
      "power iteration, at most \(iterations) products, tolerance \(tolerance)"
    case .lanczos(let iterations, let tolerance):
      "Lanczos iteration, at most \(iterations) products, tolerance \(tolerance)"
    case .reference: "the reference's estimator, \(ReferenceEstimator.iterations) iterations"
    }
  }
}
