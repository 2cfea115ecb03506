import Failures
import Tensors

/// The shortest change δ of an image x with w·δ = c that keeps all pixels in [0, 1].
///
/// Pixels move along s·sign w, s = sign c, as far as m_i, the room that pixel i has. With
/// ω = |w|, the change of pixel i is min(t·ω_i, m_i) in L2 and min(t, m_i) in L∞, where t ≥ 0 solves
/// g(t) = Σ ω_i·|δ_i| = |c|. As g is concave, rising and made of line pieces, Newton's method from 0
/// never passes the solution and reaches it after finitely many passes. Where no point of the box lies on
/// the hyperplane, δ goes to the corner that is nearest to it.
/// - Source: Croce and Hein, "Minimally distorted adversarial examples with a fast adaptive boundary
///   attack", ICML 2020, §2.2, which sorts instead.
package struct HyperplaneProjection {
  package let norm: ThreatModel.Norm

  package init(_ norm: ThreatModel.Norm) { self.norm = norm }

  /// Newton's passes; more than pieces of g that a solution crosses in practice.
  private static let longestSearch = 64

  /// Writes δ and returns its norm.
  ///
  /// - Parameters:
  ///   - normal: w; a zero normal moves nothing.
  ///   - point: x, with pixels in [0, 1].
  ///   - target: c.
  package func write(
    along normal: Tensor, from point: Tensor, target: Double, into change: Tensor
  ) -> Double {
    require(
      normal.shape == point.shape && change.shape == point.shape,
      "a projection of \(point.shape) along \(normal.shape) into \(change.shape)")
    let sign: Double = target < 0 ? -1 : 1
    let length = length(normal, point, sign, abs(target))
    var norm = 0.0
    for index in 0..<point.count {
      let slope = sign * Double(normal[index])
      let step = step(length, abs(slope), Self.room(Double(point[index]), slope))
      change[index] = Float(slope < 0 ? -step : step)
      norm = self.norm == .l2 ? norm + step * step : max(norm, step)
    }
    return self.norm == .l2 ? norm.squareRoot() : norm
  }

  /// t with g(t) = `target`, or one beyond which no pixel moves further.
  private func length(_ normal: Tensor, _ point: Tensor, _ sign: Double, _ target: Double) -> Double
  {
    var length = 0.0
    for _ in 0..<Self.longestSearch {
      var (value, rise) = (0.0, 0.0)
      for index in 0..<point.count {
        let slope = sign * Double(normal[index])
        let (weight, room) = (abs(slope), Self.room(Double(point[index]), slope))
        let step = step(length, weight, room)
        value += weight * step
        if step < room { rise += norm == .l2 ? weight * weight : weight }
      }
      let missing = target - value
      guard rise > 0, missing > target * 1e-12 else { break }
      length += missing / rise
    }
    return length
  }

  private func step(_ length: Double, _ weight: Double, _ room: Double) -> Double {
    weight == 0 ? 0 : min(norm == .l2 ? length * weight : length, room)
  }

  /// How far a pixel may move in the direction of `slope`.
  private static func room(_ pixel: Double, _ slope: Double) -> Double {
    slope > 0 ? 1 - pixel : pixel
  }
}
