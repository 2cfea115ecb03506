/// Means over test samples, as a run's `curvature.json` holds them.
public struct MeasuredCurvature: Sendable, Equatable {
  public let gradientNorm: Double
  public let hessianNorm: Double
  public let curvature: Double
  /// What was measured and how, for a caption.
  public let method: String

  /// Nil for a file without test samples.
  init?(_ file: CurvatureFile) {
    guard let test = file.splits["test"] else { return nil }
    gradientNorm = test.gradientNorm.mean
    hessianNorm = test.hessianNorm.mean
    curvature = test.curvature.mean
    method = "f: \(file.function); \(file.method); \(test.samples) test samples"
  }
}

/// What is read of the file that `curvature --json` writes.
struct CurvatureFile: Decodable {
  struct Statistics: Decodable { let mean: Double }

  struct Split: Decodable {
    let samples: Int
    let gradientNorm: Statistics
    let hessianNorm: Statistics
    let curvature: Statistics

    enum CodingKeys: String, CodingKey {
      case samples, curvature
      case gradientNorm = "gradient-norm"
      case hessianNorm = "hessian-norm"
    }
  }

  let function: String
  let method: String
  let splits: [String: Split]

  enum CodingKeys: String, CodingKey {
    case method, splits
    case function = "of"
  }
}
