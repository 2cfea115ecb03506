import Failures

/// The statistics of a data set's geometry.
public struct CurvatureSummary: Sendable, Equatable, Codable {
  /// Means over the samples of one class.
  public struct ClassMeans: Sendable, Equatable, Codable {
    public let label: Int
    public let samples: Int
    public let gradientNorm: Double
    public let hessianNorm: Double
    public let curvature: Double

    private enum CodingKeys: String, CodingKey {
      case label, samples, curvature
      case gradientNorm = "gradient-norm"
      case hessianNorm = "hessian-norm"
    }
  }

  public let samples: Int
  public let accuracy: Double
  public let gradientNorm: SampleStatistics
  public let hessianNorm: SampleStatistics
  public let curvature: SampleStatistics
  /// The smallest and the largest eigenvalue, if ``Lanczos`` measured them.
  public let smallestEigenvalue: SampleStatistics?
  public let largestEigenvalue: SampleStatistics?
  public let residual: SampleStatistics
  /// Hessian-vector products per sample.
  public let products: SampleStatistics
  /// Samples whose iteration ended before its convergence test held; nil without a test.
  public let notConverged: Int?
  /// The classes that occur, in ascending order.
  public let classes: [ClassMeans]
  /// The histogram of the normalised curvature.
  public let histogram: LogarithmicHistogram

  private enum CodingKeys: String, CodingKey {
    case samples, accuracy, curvature, residual, products, classes, histogram
    case gradientNorm = "gradient-norm"
    case hessianNorm = "hessian-norm"
    case smallestEigenvalue = "smallest-eigenvalue"
    case largestEigenvalue = "largest-eigenvalue"
    case notConverged = "not-converged"
  }

  /// - Precondition: as many labels as samples, at least one.
  public init(_ found: [NormalizedCurvature.Sample], labels: [Int]) {
    require(found.count == labels.count, "\(found.count) samples and \(labels.count) labels")
    samples = found.count
    let correct = zip(found, labels).count { $0.prediction == $1 }
    accuracy = Double(correct) / Double(found.count)
    gradientNorm = SampleStatistics(found.map(\.gradientNorm))
    hessianNorm = SampleStatistics(found.map(\.hessianNorm))
    let curvatures = found.map(\.curvature)
    curvature = SampleStatistics(curvatures)
    histogram = LogarithmicHistogram(curvatures)
    let extremes = found.compactMap(\.hessian.extremes)
    smallestEigenvalue = extremes.isEmpty ? nil : SampleStatistics(extremes.map(\.smallest))
    largestEigenvalue = extremes.isEmpty ? nil : SampleStatistics(extremes.map(\.largest))
    residual = SampleStatistics(found.map(\.hessian.residual))
    products = SampleStatistics(found.map { Double($0.hessian.products) })
    let tests = found.compactMap(\.hessian.isConverged)
    notConverged = tests.isEmpty ? nil : tests.count { !$0 }
    let members = Dictionary(grouping: found.indices) { labels[$0] }
    classes = members.sorted { $0.key < $1.key }.map { label, indices in
      let group = indices.map { found[$0] }
      func mean(_ value: (NormalizedCurvature.Sample) -> Double) -> Double {
        group.reduce(0) { $0 + value($1) } / Double(group.count)
      }
      return ClassMeans(
        label: label, samples: group.count, gradientNorm: mean { $0.gradientNorm },
        hessianNorm: mean { $0.hessianNorm }, curvature: mean { $0.curvature })
    }
  }
}
