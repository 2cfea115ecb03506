import Failures
import Kernels
import RandomNumbers
import Tensors

/// The changes that an attacker may make to an image: at most ε in a norm, within the range of
/// pixels.
///
/// Distances are in pixel units, over all pixels and channels of an image. The result of
/// ``project(_:around:)`` is inside to the last bit: in exact arithmetic of its `Float` pixels, up
/// to the rounding of a sum in `Double`.
public struct ThreatModel: Sendable, Equatable {
  public enum Norm: String, Sendable, CaseIterable {
    case l2, linf
  }

  /// The range of pixels.
  public enum Pixels: Sendable, Equatable {
    /// [0, 1].
    case unit
    /// All numbers, as in the paper's training attack, which does not clip.
    case unbounded
  }

  public let norm: Norm
  /// The largest distance from the image; 0 leaves only the image itself.
  public let epsilon: Double
  public let pixels: Pixels

  public init(_ norm: Norm, epsilon: Double, pixels: Pixels = .unit) {
    require(epsilon >= 0 && epsilon.isFinite, "a ball of radius \(epsilon)")
    self.norm = norm
    self.epsilon = epsilon
    self.pixels = pixels
  }

  /// ‖a − b‖ in this norm; a and b are one image each.
  public func distance(_ a: Tensor, _ b: Tensor) -> Double {
    require(a.shape == b.shape, "a distance between \(a.shape) and \(b.shape)")
    return switch norm {
    case .l2: squaredDistance(a, b).squareRoot()
    case .linf: largestDifference(a, b)
    }
  }

  /// Whether the attacker may show `point` instead of `image`.
  public func contains(_ point: Tensor, around image: Tensor) -> Bool {
    let isImage =
      switch pixels {
      case .unit: point.buffer.allSatisfy { $0 >= 0 && $0 <= 1 }
      case .unbounded: isFinite(point)
      }
    return isImage && distance(point, image) <= epsilon * (1 + Self.roundingOfDistance)
  }

  /// Moves `point` into the ball around `image` and the range of pixels; both are one image each.
  ///
  /// The ball comes first: clipping to a box that contains the image moves no pixel away from it.
  public func project(_ point: Tensor, around image: Tensor) {
    switch norm {
    case .l2: shrink(point, around: image)
    case .linf: clampToBall(point, around: image)
    }
    if pixels == .unit {
      for index in 0..<point.count { point[index] = min(max(point[index], 0), 1) }
    }
  }

  /// point ← point + length·d, d = g/‖g‖₂ or sign g.
  ///
  /// This is the direction in which a linear function with gradient g rises fastest per unit of the
  /// norm. A zero gradient moves nothing.
  public func ascend(_ point: Tensor, along gradient: Tensor, by length: Double) {
    switch norm {
    case .l2:
      let factor = Float(length / sumOfSquares(gradient).squareRoot())
      if factor.isFinite { add(gradient, times: factor, into: point) }
    case .linf:
      require(point.shape == gradient.shape, "\(gradient.shape) added to \(point.shape)")
      let step = Float(length)
      for index in 0..<point.count {
        let slope = gradient[index]
        point[index] += slope > 0 ? step : slope < 0 ? -step : 0
      }
    }
  }

  /// point ← a random point of the ball around `image`, uniform before pixels are clipped.
  public func writeRandomPoint(
    around image: Tensor, using generator: inout KeyedGenerator, into point: Tensor
  ) {
    switch norm {
    case .l2:
      generator.fillNormal(point.buffer, standardDeviation: 1)
      // A uniform share of the ball's volume, which grows with the radius to the power of `count`.
      let radius = epsilon * Self.root(generator.uniform(), of: point.count)
      let factor = Float(radius / sumOfSquares(point).squareRoot())
      combine(1, image, factor.isFinite ? factor : 0, point, into: point)
    case .linf:
      for index in 0..<point.count {
        point[index] = image[index] + Float(epsilon * (2 * generator.uniform() - 1))
      }
    }
    project(point, around: image)
  }

  /// The rounding of a double-precision sum over the pixels of an image, relative.
  private static let roundingOfDistance = 1e-12
}
