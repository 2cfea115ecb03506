import Kernels
import Tensors

#if canImport(Glibc)
  import Glibc
#endif

extension ThreatModel {
  /// point ← image + δ·min(1, ε/‖δ‖₂).
  ///
  /// Rounding image + δ to `Float` can leave the ball by a few units in the last place. Each
  /// further round shrinks the ball twice as much, until the rounded point is inside.
  func shrink(_ point: Tensor, around image: Tensor) {
    var norm = squaredDistance(point, image).squareRoot()
    var shrinkage = 0.0
    while norm > epsilon {
      let factor = Float(epsilon * (1 - shrinkage) / norm)
      if factor <= 0 {
        point.copy(from: image)
        return
      }
      combine(factor, point, 1 - factor, image, into: point)
      norm = squaredDistance(point, image).squareRoot()
      shrinkage = max(2 * shrinkage, Self.smallestShrinkage)
    }
  }

  /// Clamps each pixel to [image − ε, image + ε], with the ends rounded inwards.
  func clampToBall(_ point: Tensor, around image: Tensor) {
    for index in 0..<point.count {
      let center = Double(image[index])
      let lower = Float(center - epsilon)
      let upper = Float(center + epsilon)
      point[index] = min(
        max(point[index], Double(lower) < center - epsilon ? lower.nextUp : lower),
        Double(upper) > center + epsilon ? upper.nextDown : upper)
    }
  }

  func squaredDistance(_ a: Tensor, _ b: Tensor) -> Double {
    let (a, b) = (a.buffer, b.buffer)
    // Four sums at a time, since a single sum would wait for each addition.
    var sums = SIMD4<Double>.zero
    var index = 0
    while index + 4 <= a.count {
      let x = SIMD4<Double>(
        Double(a[index]), Double(a[index + 1]), Double(a[index + 2]), Double(a[index + 3]))
      let y = SIMD4<Double>(
        Double(b[index]), Double(b[index + 1]), Double(b[index + 2]), Double(b[index + 3]))
      sums += (x - y) * (x - y)
      index += 4
    }
    var sum = sums.sum()
    while index < a.count {
      let difference = Double(a[index]) - Double(b[index])
      sum += difference * difference
      index += 1
    }
    return sum
  }

  func largestDifference(_ a: Tensor, _ b: Tensor) -> Double {
    var largest = 0.0
    for index in 0..<a.count { largest = max(largest, abs(Double(a[index]) - Double(b[index]))) }
    return largest
  }

  /// x^(1/n).
  static func root(_ x: Double, of n: Int) -> Double { pow(x, 1 / Double(n)) }

  /// The smallest shrinkage of a radius, relative: one unit in the last place of a `Float` below 1.
  private static let smallestShrinkage = 0x1p-23
}
