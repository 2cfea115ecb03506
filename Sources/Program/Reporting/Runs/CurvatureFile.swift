/// JSON document that `curvature --json` writes and `table` reads.
public typealias CurvatureFile = MeasurementFile<CurvatureReport>

/// Means over the test samples, read from a run's `curvature.json`.
public struct CurvatureResult: Sendable, Equatable {
  public let gradientNorm: Double
  public let hessianNorm: Double
  public let curvature: Double
  /// Description of the function, the estimator and the number of samples, for a caption.
  public let method: String

  /// Creates the result; nil if the file has no test samples.
  public init?(_ file: CurvatureFile) {
    guard let test = file.splits["test"] else { return nil }
    gradientNorm = test.gradientNorm.mean
    hessianNorm = test.hessianNorm.mean
    curvature = test.curvature.mean
    method = "f: \(file.function); \(file.settings.method); \(test.samples) test samples"
  }
}
