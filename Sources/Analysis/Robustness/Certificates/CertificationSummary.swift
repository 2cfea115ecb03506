import Curvature
import Failures

/// The certified radii and the certified accuracy of a data set.
public struct CertificationSummary: Sendable, Equatable, Codable {
  /// The samples that provably keep their class for all ‖e‖₂ < epsilon.
  public struct AtEpsilon: Sendable, Equatable, Codable {
    public let epsilon: Double
    public let certified: Int
    /// The share of certified samples among all samples.
    public let accuracy: Double
  }

  public let samples: Int
  public let accuracy: Double
  public let certified: [AtEpsilon]
  /// Statistics of the radii of correctly classified samples; nil if there are none.
  public let radius: SampleStatistics?
  /// Statistics of their radii from the Lipschitz constant alone.
  public let firstOrderRadius: SampleStatistics?

  private enum CodingKeys: String, CodingKey {
    case samples, accuracy, certified, radius
    case firstOrderRadius = "first-order-radius"
  }

  /// - Precondition: as many labels as certificates, at least one.
  public init(
    _ certificates: [RadiusCertification.Certificate], labels: [Int], epsilons: [Double]
  ) {
    require(
      certificates.count == labels.count && !labels.isEmpty,
      "\(certificates.count) certificates and \(labels.count) labels")
    samples = labels.count
    let right = zip(certificates, labels).filter { $0.prediction == $1 }.map(\.0)
    accuracy = Double(right.count) / Double(labels.count)
    certified = epsilons.map { epsilon in
      let count = right.count { $0.radius > epsilon }
      return AtEpsilon(
        epsilon: epsilon, certified: count, accuracy: Double(count) / Double(labels.count))
    }
    func statistics(_ radii: [Double]) -> SampleStatistics? {
      // A margin that does not depend on the input has an infinite radius.
      let finite = radii.filter(\.isFinite)
      return finite.isEmpty ? nil : SampleStatistics(finite)
    }
    radius = statistics(right.map(\.radius))
    firstOrderRadius = statistics(right.map(\.firstOrderRadius))
  }
}
