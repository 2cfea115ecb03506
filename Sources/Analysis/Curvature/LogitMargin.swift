import Failures
import Tensors

/// m = z_y − z_r, with y the true label and r its rival: the class of the largest other logit, at
/// the point where m is linearized.
///
/// With a fixed r, m is linear in the logits, so its second derivatives in the input are those of
/// the network alone. z is [N, 1, 1, classes].
public struct LogitMargin {
  public init() {}

  /// The rival of each sample at the present logits, the first of equal ones.
  public func rivals(_ logits: Edge, labels: UnsafeBufferPointer<Int32>) -> [Int32] {
    let classes = logits.shape.channels
    require(classes > 1, "no margin between \(classes) classes")
    return (0..<logits.shape.samples).map { sample in
      let z = logits.value.pointer + sample * classes
      let label = Int(labels[sample])
      require(label >= 0 && label < classes, "label \(label) of \(classes) classes")
      var rival = label == 0 ? 1 : 0
      for index in 0..<classes where index != label && z[index] > z[rival] { rival = index }
      return Int32(rival)
    }
  }

  /// z̄ = onehot(y) − onehot(r).
  public func writeGradient(
    _ logits: Edge, labels: UnsafeBufferPointer<Int32>, rivals: [Int32]
  ) {
    let classes = logits.shape.channels
    require(
      rivals.count >= logits.shape.samples,
      "\(rivals.count) rivals for \(logits.shape.samples) samples")
    logits.gradient.fill(0)
    for sample in 0..<logits.shape.samples {
      let gradient = logits.gradient.pointer + sample * classes
      gradient[Int(labels[sample])] = 1
      gradient[Int(rivals[sample])] = -1
    }
  }

  /// dz̄/dε = 0.
  public func tangent(_ logits: Edge) { logits.gradientTangent.fill(0) }
}
