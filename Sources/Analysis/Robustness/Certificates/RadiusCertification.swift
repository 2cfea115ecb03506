import Curvature
import Networks
import Tensors

/// A radius around each sample within which the network provably keeps its class, in L2.
///
/// It is the smallest radius of a margin z_y − z_j over all other classes j, from the margin's
/// value and gradient at the sample and the ``NetworkBound``; 0 if the prediction is wrong. A class
/// whose first-order radius is no smaller than the radius so far needs no gradient. Without a
/// curvature bound, only the first order counts.
///
/// Values are measured in single precision, so margins are reduced and gradients enlarged by
/// allowances. All inputs count, also those outside the range of pixels.
public struct RadiusCertification {
  /// The allowance of a margin, relative to the largest logit.
  ///
  /// Passes through about ten layers have errors of 1e-6 in float32; this is ten times that.
  private static let marginAllowance = 1e-5
  /// The allowance of a gradient's norm, relative: ten times the observed rounding of products with
  /// it.
  private static let gradientAllowance = 1e-4

  /// The certificate of a sample.
  public struct Certificate: Sendable, Equatable, BitwiseCopyable {
    public let prediction: Int
    /// z_y minus the largest other logit.
    public let margin: Double
    /// The network keeps the class y for all ‖e‖₂ < radius.
    public internal(set) var radius: Double
    /// The radius from the Lipschitz constant alone.
    public internal(set) var firstOrderRadius: Double
    /// The class whose margin has the smallest radius; nil if the prediction is wrong.
    public internal(set) var rival: Int?
    /// ‖∇(z_y − z_rival)‖₂; nil if it was not needed.
    public internal(set) var gradientNorm: Double?
  }

  private let gradient: InputGradient
  private let bound: NetworkBound
  private var model: Model { gradient.model }

  /// - Parameter model: a model that is built for input gradients or curvature and has the weights
  ///   of `bound`.
  public init(_ model: Model, bound: NetworkBound) {
    gradient = InputGradient(model, of: .margin)
    self.bound = bound
  }

  /// Another class, with the numbers that need no gradient.
  private struct Candidate {
    let rival: Int
    let margin: Double
    let constants: NetworkBound.Constants
    let firstOrderRadius: Double
  }

  /// Certifies the first `samples` samples of `model.input`.
  public func measure(
    _ samples: Int, labels: UnsafeBufferPointer<Int32>
  ) -> [Certificate] {
    let strongest = gradient.linearize(samples, labels: labels)
    var candidates: [[Candidate]] = []
    var certificates: [Certificate] = []
    for sample in 0..<samples {
      let rivals = self.candidates(sample, label: Int(labels[sample]))
      let classes = model.logits.shape.channels
      let z = model.logits.value.pointer + sample * classes
      let margin = Double(z[Int(labels[sample])]) - Double(z[Int(strongest[sample])])
      let nearest = rivals.first
      certificates.append(
        Certificate(
          prediction: gradient.prediction(sample), margin: margin,
          radius: nearest == nil ? 0 : .infinity, firstOrderRadius: nearest?.firstOrderRadius ?? 0,
          rival: nearest?.rival, gradientNorm: nil))
      candidates.append(rivals)
    }
    improve(&certificates, candidates, labels: labels)
    return certificates
  }

  /// All other classes by first-order radius, nearest first; none if a margin may not be positive.
  private func candidates(_ sample: Int, label: Int) -> [Candidate] {
    let classes = model.logits.shape.channels
    let z = model.logits.value.pointer + sample * classes
    let largest = (0..<classes).reduce(0) { max($0, abs(Double(z[$1]))) }
    var candidates: [Candidate] = []
    for rival in 0..<classes where rival != label {
      let margin = Double(z[label]) - Double(z[rival]) - Self.marginAllowance * largest
      guard margin > 0 else { return [] }
      let constants = bound.margin(label, rival)
      candidates.append(
        Candidate(
          rival: rival, margin: margin, constants: constants,
          firstOrderRadius: CertifiedRadius.firstOrder(
            margin: margin, lipschitz: constants.gradient)))
    }
    return candidates.sorted { ($0.firstOrderRadius, $0.rival) < ($1.firstOrderRadius, $1.rival) }
  }

  /// Lowers the radii class by class, with one more gradient for all samples that need it.
  private func improve(
    _ certificates: inout [Certificate], _ candidates: [[Candidate]],
    labels: UnsafeBufferPointer<Int32>
  ) {
    let samples = certificates.count
    for turn in 0..<max(model.logits.shape.channels - 1, 0) {
      let open = (0..<samples).filter { sample in
        turn < candidates[sample].count
          && candidates[sample][turn].firstOrderRadius < certificates[sample].radius
      }
      if open.isEmpty { return }
      let isCurved = bound.firstJump == nil
      if isCurved {
        let rivals = (0..<samples).map { sample in
          turn < candidates[sample].count
            ? Int32(candidates[sample][turn].rival) : (labels[sample] == 0 ? 1 : 0)
        }
        gradient.linearize(samples, labels: labels, rivals: rivals)
      }
      for sample in open {
        let candidate = candidates[sample][turn]
        let norm = isCurved ? gradient.norm(sample) : nil
        let radius = radius(candidate, gradientNorm: norm)
        guard radius < certificates[sample].radius else { continue }
        certificates[sample].radius = radius
        certificates[sample].rival = candidate.rival
        certificates[sample].gradientNorm = norm
      }
    }
  }

  private func radius(_ candidate: Candidate, gradientNorm: Double?) -> Double {
    guard let gradientNorm, gradientNorm.isFinite, let curvature = candidate.constants.hessian
    else {
      return candidate.firstOrderRadius
    }
    return CertifiedRadius.secondOrder(
      margin: candidate.margin, gradientNorm: gradientNorm * (1 + Self.gradientAllowance),
      lipschitz: candidate.constants.gradient, gradientLipschitz: curvature)
  }
}
