import Curvature
import Networks
import Tensors

/// A radius around each sample within which the network provably keeps its class, in L2.
///
/// The least over all other classes j of the radius of the margin z_y − z_j, from its value and
/// gradient at the sample and the ``NetworkBound``; 0 where the prediction is wrong. A class whose
/// first-order radius is no smaller than a radius found needs no gradient. Where no curvature bound
/// exists, first order alone.
///
/// Values are measured in single precision: margins are lessened and gradients lengthened by
/// allowances for that. All inputs count, within the range of pixels or not.
public struct RadiusCertification {
  /// Of the largest logit: float32 passes through some ten layers are off by 1e-6; ten times that.
  private static let marginAllowance = 1e-5
  /// Of the gradient's norm: ten times the rounding that is seen of products with it.
  private static let gradientAllowance = 1e-4

  /// What is certain about a sample.
  public struct Certificate: Sendable, Equatable, BitwiseCopyable {
    public let prediction: Int
    /// z_y less the largest other logit.
    public let margin: Double
    /// The network keeps the class y for all ‖e‖₂ < radius.
    public internal(set) var radius: Double
    /// The same from the Lipschitz constant alone.
    public internal(set) var firstOrderRadius: Double
    /// The class whose margin has the least radius; nil where the prediction is wrong.
    public internal(set) var rival: Int?
    /// ‖∇(z_y − z_rival)‖₂; nil where it was not needed.
    public internal(set) var gradientNorm: Double?
  }

  private let gradient: InputGradient
  private let bound: NetworkBound
  private var model: Model { gradient.model }

  /// - Parameter model: built for input gradients or curvature, with the weights that `bound` is
  ///   of.
  public init(_ model: Model, bound: NetworkBound) {
    gradient = InputGradient(model, of: .margin)
    self.bound = bound
  }

  /// Another class, with what is known before its gradient.
  private struct Candidate {
    let rival: Int
    let margin: Double
    let constants: NetworkBound.Constants
    let firstOrderRadius: Double
  }

  /// The first `samples` samples of `model.input`.
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

  /// Every other class by its first-order radius, nearest first; none if a margin may not be
  /// positive.
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

  /// Radii from one class after the other, each with one more gradient for all samples that need
  /// it.
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
