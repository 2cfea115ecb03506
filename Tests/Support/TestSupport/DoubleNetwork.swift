import Failures
import Kernels
import Layers
import Networks

#if canImport(Glibc)
  import Glibc
#endif

/// A VGG in evaluation mode in double precision: the cross-entropy and its derivatives in the image.
///
/// Derivatives are pushed forward beside the values, one column per pixel, without a backward pass.
public struct DoubleNetwork {
  public struct Derivatives {
    public let loss: Double
    /// ∇ₓℓ.
    public let gradient: [Double]
    /// ∇²ₓℓ·v.
    public let product: [Double]
  }

  private let maps: [EvaluationMap]
  private let constraint: BatchNorm.Constraint

  public init(_ model: Model) {
    maps = model.chain.evaluation
    constraint = model.architecture.variant.batchNorm
  }

  /// ℓ, ∇ₓℓ and ∇²ₓℓ·v, with v = `direction`.
  public func derivatives(
    _ image: [Double], label: Int, along direction: [Double]
  ) -> Derivatives {
    let logits = maps.reduce(Jet(image, along: direction)) { forward($1, $0) }
    let (z, along) = (logits.value, logits.along)
    let p = z.map { one in 1 / z.reduce(0) { $0 + exp($1 - one) } }
    let others = z.indices.filter { $0 != label }
    var gradient = p
    gradient[label] = -others.reduce(0) { $0 + p[$1] }
    let tangent = z.indices.map { j in
      p[j] * z.indices.reduce(0) { $0 + p[$1] * (along[j] - along[$1]) }
    }
    return Derivatives(
      loss: p[label] > 0.5
        ? log1p(others.reduce(0) { $0 + exp(z[$1] - z[label]) }) : -log(p[label]),
      gradient: logits.pixels.map { dot(gradient, $0) },
      product: zip(logits.pixels, logits.mixed).map { dot(tangent, $0) + dot(gradient, $1) })
  }

  /// ∇²ₓℓ, column by column.
  public func hessian(_ image: [Double], label: Int) -> [[Double]] {
    image.indices.map { pixel in
      var unit = [Double](repeating: 0, count: image.count)
      unit[pixel] = 1
      return derivatives(image, label: label, along: unit).product
    }
  }

  private func dot(_ a: [Double], _ b: [Double]) -> Double {
    zip(a, b).reduce(0) { $0 + $1.0 * $1.1 }
  }

  private func forward(_ map: EvaluationMap, _ x: Jet) -> Jet {
    switch map {
    case .affine(let layer):
      var y = x.affine { LayerCase.productOracle($0, layer) }
      y.width = layer.geometry.outputWidth
      y.channels = layer.geometry.outputChannels
      return y
    case .normalization(let layer):
      return x.affine { LayerCase.batchNormOracle($0, layer, constraint, .evaluation) }
    case .activation(let layer):
      return x.activated(by: ActivationFunctionReference(layer.function))
    case .maximumPooling(let size):
      return x.maximumPool(size)
    case .averagePooling, .residual:
      unreachable("no VGG contains \(map)")
    }
  }
}

/// One image's values on an edge, with their derivatives ∂/∂x_i for each pixel i, d/dε at x + εv,
/// and d/dε ∂/∂x_i.
private struct Jet {
  var value: [Double]
  var along: [Double]
  var pixels: [[Double]]
  var mixed: [[Double]]
  var width = 0
  var channels = 0

  init(_ image: [Double], along direction: [Double]) {
    value = image
    along = direction
    pixels = image.indices.map { pixel in
      var unit = [Double](repeating: 0, count: image.count)
      unit[pixel] = 1
      return unit
    }
    mixed = image.map { _ in [Double](repeating: 0, count: image.count) }
  }

  /// y = A(x) for a map of images whose difference A(x) − A(0) is linear.
  func affine(_ map: ([Double]) -> [Double]) -> Jet {
    let origin = map([Double](repeating: 0, count: value.count))
    return rows(
      value: map, derivatives: { x in zip(map(x), origin).map { $0 - $1 } })
  }

  /// y = s(x).
  func activated(by s: ActivationFunctionReference) -> Jet {
    let slopes = value.map(s.derivative)
    var y = rows(
      value: { $0.map(s.value) },
      derivatives: { zip(slopes, $0).map { $0 * $1 } })
    for pixel in pixels.indices {
      for place in value.indices {
        let bend = s.secondDerivative(value[place])
        y.mixed[pixel][place] += bend * pixels[pixel][place] * along[place]
      }
    }
    return y
  }

  /// The largest of each size × size window.
  func maximumPool(_ size: Int) -> Jet {
    let height = value.count / (width * channels)
    let chosen = (0..<height / size).flatMap { row in
      (0..<width / size).flatMap { column in
        (0..<channels).map { channel in
          let window = (0..<size * size).map { tap in
            let (i, j) = (row * size + tap / size, column * size + tap % size)
            return (i * width + j) * channels + channel
          }
          return window.reduce(window[0]) { value[$1] > value[$0] ? $1 : $0 }
        }
      }
    }
    var y = rows(
      value: { x in chosen.map { x[$0] } }, derivatives: { x in chosen.map { x[$0] } })
    y.width = width / size
    return y
  }

  private func rows(
    value map: ([Double]) -> [Double], derivatives: ([Double]) -> [Double]
  ) -> Jet {
    var y = self
    y.value = map(value)
    y.along = derivatives(along)
    y.pixels = pixels.map(derivatives)
    y.mixed = mixed.map(derivatives)
    return y
  }
}
