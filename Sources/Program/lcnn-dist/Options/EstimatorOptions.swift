import ArgumentParser
import Curvature

/// Options for estimating the spectral norm of a Hessian.
struct EstimatorOptions: ParsableArguments {
  enum Method: String, ExpressibleByArgument, CaseIterable { case power, lanczos }
  enum Estimator: String, ExpressibleByArgument, CaseIterable { case relative, reference }

  private static let defaultIterations = 10
  private static let defaultTolerance = 1e-3

  @Option(
    help: ArgumentHelp(
      "power iteration, or Lanczos iteration, which finds signed extremes too (default: power)"))
  var method: Method?

  @Option(
    help: ArgumentHelp("at most so many Hessian-vector products (default: 10)", valueName: "n"))
  var iterations: Int?

  @Option(
    help: ArgumentHelp(
      """
      a sample has converged when ‖Hv‖ grows by no more than so much of itself, or Lanczos's \
      residuals are no more than so much of ‖H‖ (default: 0.001)
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
    let iterations = iterations ?? Self.defaultIterations
    let tolerance = tolerance ?? Self.defaultTolerance
    return switch (estimator, method ?? .power) {
    case (.reference, _): .reference
    case (.relative, .power): .power(iterations: iterations, tolerance: tolerance)
    case (.relative, .lanczos): .lanczos(iterations: iterations, tolerance: tolerance)
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
