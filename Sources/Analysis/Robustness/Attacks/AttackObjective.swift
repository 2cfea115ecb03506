import Failures
import Layers

/// Objectives of gradient attacks: functions of one sample's logits z, with their gradients in z.
///
/// In double precision, so that a step's rise is told from rounding where a class is almost certain.
public enum AttackObjective {
  /// −log softmax(z)_y, and its gradient p − onehot(y).
  public static func crossEntropy(
    _ z: UnsafeBufferPointer<Float>, label: Int, gradient: UnsafeMutableBufferPointer<Float>
  ) -> Double {
    let softmax = Softmax(z, result: gradient)
    softmax.writeGradient(of: label, scale: 1)
    return softmax.loss(of: label)
  }

  /// The targeted difference of logits ratio −(z_y − z_t)/(z_π1 − ½(z_π3 + z_π4)), π the descending order.
  ///
  /// Unlike the cross-entropy it does not change when all logits are scaled or shifted. Needs four
  /// classes; with fewer the divisor is 1, the plain targeted margin.
  /// - Source: Croce and Hein, "Reliable evaluation of adversarial robustness with an ensemble of diverse
  ///   parameter-free attacks", ICML 2020, equation 7.
  public static func targetedRatio(
    _ z: UnsafeBufferPointer<Float>, label: Int, target: Int,
    gradient: UnsafeMutableBufferPointer<Float>
  ) -> Double {
    let margin = targetedMargin(z, label: label, target: target, gradient: gradient)
    guard z.count >= 4 else { return margin }
    let difference = -margin
    gradient.update(repeating: 0)
    let order = Logits.descending(z)
    let (first, third, fourth) = (order[0], order[2], order[3])
    let divisor =
      Double(z[first]) - 0.5 * (Double(z[third]) + Double(z[fourth])) + smallestDivisor
    let outer = difference / (divisor * divisor)
    gradient[label] -= Float(1 / divisor)
    gradient[target] += Float(1 / divisor)
    gradient[first] += Float(outer)
    gradient[third] -= Float(0.5 * outer)
    gradient[fourth] -= Float(0.5 * outer)
    return -difference / divisor
  }

  /// z_t − z_y, which is positive where the target is preferred to the label.
  public static func targetedMargin(
    _ z: UnsafeBufferPointer<Float>, label: Int, target: Int,
    gradient: UnsafeMutableBufferPointer<Float>
  ) -> Double {
    require(target != label, "class \(target) is label and target")
    gradient.update(repeating: 0)
    gradient[label] = -1
    gradient[target] = 1
    return Double(z[target]) - Double(z[label])
  }

  /// Keeps the ratio finite where all logits are equal.
  private static let smallestDivisor = 1e-12
}
