import Failures

#if canImport(Glibc)
  import Glibc
#endif

/// The softmax of one sample's logits z: p_j = e_j/(1 + S), e_j = exp(z_j − z_r), S = Σ_{k≠r} e_k.
///
/// r is the class of the largest logit. Differences of logits are taken in double precision, and
/// 1 − p_y is the sum of the other classes' probabilities: both are right where p_y itself would round
/// to 1. If a logit is NaN or +∞, loss and gradient are not finite.
public struct Softmax {
  /// r, the first of equal ones.
  public let largest: Int
  private let z: UnsafeBufferPointer<Float>
  private let result: UnsafeMutableBufferPointer<Float>?
  /// S.
  private let others: Double
  /// 1 + S.
  private let sum: Double

  /// - Parameter result: one number for each class. It holds every e_j until `writeGradient` or
  ///   `writeGradientTangent` replaces them, so that each exponential is computed once.
  public init(
    _ z: UnsafeBufferPointer<Float>, result: UnsafeMutableBufferPointer<Float>? = nil
  ) {
    var largest = 0
    for index in z.indices where z[index] > z[largest] { largest = index }
    let shift = Double(z[largest])
    var others = 0.0
    for index in z.indices where index != largest {
      let exponential = exp(Double(z[index]) - shift)
      others += exponential
      result?[index] = Float(exponential)
    }
    // 1 for every finite shift.
    let one = exp(shift - shift)
    result?[largest] = Float(one)
    self.z = z
    self.result = result
    self.largest = largest
    self.others = others
    sum = others + one
  }

  /// −log p_y = (z_r − z_y) + log(1 + S).
  public func loss(of label: Int) -> Double {
    Double(z[largest]) - Double(z[label]) + log1p(others)
  }

  /// result ← scale·(p − onehot(y)); the entry of y is −scale·Σ_{j≠y} p_j.
  public func writeGradient(of label: Int, scale: Double) {
    let gradient = exponentials
    let factor = scale / sum
    var missing = 0.0
    for index in z.indices where index != label {
      let exponential = Double(gradient[index])
      missing += exponential
      gradient[index] = Float(factor * exponential)
    }
    gradient[label] = Float(-factor * missing)
  }

  /// result ← scale·(diag p − ppᵀ)·ż.
  ///
  /// With d_j = ż_j − ż_r, the entry of j is scale·p_j·(d_j − Σ_{k≠r} p_k·d_k).
  public func writeGradientTangent(along tangent: UnsafeBufferPointer<Float>, scale: Double) {
    let gradientTangent = exponentials
    let shift = Double(tangent[largest])
    var mean = 0.0
    for index in z.indices where index != largest {
      mean += Double(gradientTangent[index]) * (Double(tangent[index]) - shift)
    }
    mean /= sum
    let factor = scale / sum
    for index in z.indices {
      let difference = Double(tangent[index]) - shift - mean
      gradientTangent[index] = Float(factor * Double(gradientTangent[index]) * difference)
    }
  }

  private var exponentials: UnsafeMutableBufferPointer<Float> {
    guard let result else { unreachable("a softmax without a result") }
    return result
  }
}
