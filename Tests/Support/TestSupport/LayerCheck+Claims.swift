import Failures
import Kernels
import Layers
import Tensors

/// The five claims that every layer must meet, each as how far it is from being met.
extension LayerCheck {
  /// A difference, and the magnitude that it is to be judged by.
  public struct Deviation: Sendable, CustomStringConvertible {
    public let difference: Double
    public let magnitude: Double

    /// Whether the difference is at most `tolerance` of the magnitude; a zero claim must be met
    /// exactly.
    public func isWithin(_ tolerance: Double) -> Bool { difference <= tolerance * magnitude }
    public var description: String { "off by \(difference), judged by \(magnitude)" }
  }

  /// Claim 1: forward equals the double oracle.
  public func forward() -> Deviation {
    layer.forward(x, into: y, mode: layerCase.mode)
    let expected = layerCase.oracle(globalInput, layer)
    let stride = layerCase.output.stride
    let local = expected[share.lowerBound * stride..<share.upperBound * stride]
    return deviation(y.value.buffer.map { Double($0) }, Array(local))
  }

  /// Claim 2: ⟨ȳ, Jẋ⟩ = ⟨Jᵀȳ, ẋ⟩.
  public func adjointness() -> Deviation {
    runPasses()
    let tangentSide = inner(y.gradient.buffer, y.tangent.buffer)
    let gradientSide = inner(x.gradient.buffer, x.tangent.buffer)
    return Deviation(
      difference: abs(tangentSide - gradientSide),
      magnitude: norm(y.gradient) * norm(y.tangent))
  }

  /// Claim 3: the tangent of the backward pass, along (ẋ, dȳ), equals its central difference.
  public func backwardTangent() -> Deviation {
    runPasses()
    let found = x.gradientTangent.doubles
    let expected = centralDifference {
      layer.forward(x, into: y, mode: layerCase.mode)
      layer.backward(y, into: x, gradients: nil)
      return x.gradient.doubles
    }
    return deviation(found, expected)
  }

  /// Claim 4: u·Hv = v·Hu, H the Hessian of φ = ⟨c, y⟩ + ½⟨y, d∘y⟩ over the global batch.
  ///
  /// The weights d differ, for ‖y‖² of a batch norm hardly depends on x.
  public func symmetry() -> Deviation {
    let v = Array(x.tangent.buffer)
    let u = zip(x.value.buffer, v).map { 0.5 * $0 - $1 * $1 }
    let hv = hessianProduct(v)
    let hu = hessianProduct(u)
    return Deviation(
      difference: abs(inner(u, hv) - inner(v, hu)),
      magnitude: inner(u, u).squareRoot() * inner(hv, hv).squareRoot())
  }

  /// Claim 5: the gradient of ⟨ȳ, y⟩ with respect to the parameters' *values*, and its tangent,
  /// equal central differences along a direction in parameter space.
  public func parameterGradient() -> (primal: Deviation, tangent: Deviation) {
    runPasses()
    let primal = gradient(GradientWeights(previous: 0, primal: 1, tangent: 0))
    let tangent = gradient(GradientWeights(previous: 0, primal: 0, tangent: 1))
    let direction = primal.indices.map { Float(($0 * 7) % 11) / 11 - 0.45 }
    let expectedTangent = centralDifference {
      layer.forward(x, into: y, mode: layerCase.mode)
      return gradient(GradientWeights(previous: 0, primal: 1, tangent: 0)).map { Double($0) }
    }
    return (
      Deviation(
        difference: abs(dot(primal, direction) - slope(along: direction)),
        magnitude: dot(primal, primal).squareRoot() * dot(direction, direction).squareRoot()),
      deviation(tangent.map { Double($0) }, expectedTangent)
    )
  }

  /// Two contributions, the second added, are the one contribution with both weights.
  public func accumulation() -> Deviation {
    runPasses()
    let both = gradient(GradientWeights(previous: 0, primal: 0.5, tangent: 2))
    for parameter in layer.parameters { parameter.beginGradient() }
    layer.backward(
      y, into: x, gradients: writer(GradientWeights(previous: 0, primal: 0.5, tangent: 0)))
    layer.forwardTangent(x, into: y)
    layer.backwardTangent(
      y, into: x, gradients: writer(GradientWeights(previous: 0, primal: 0, tangent: 2)))
    return deviation(pulledBack().map { Double($0) }, both.map { Double($0) })
  }

  // MARK: - Pieces

  private func runPasses() {
    layer.forward(x, into: y, mode: layerCase.mode)
    layer.backward(y, into: x, gradients: nil)
    layer.forwardTangent(x, into: y)
    layer.backwardTangent(y, into: x, gradients: nil)
  }

  private func hessianProduct(_ v: [Float]) -> [Float] {
    let (gradient, gradientTangent) = (
      Array(y.gradient.buffer), Array(y.gradientTangent.buffer)
    )
    let tangent = Array(x.tangent.buffer)
    let weights = gradientTangent.map { 1 + $0 }
    set(x.tangent, v)
    layer.forward(x, into: y, mode: layerCase.mode)
    set(y.gradient, gradient.indices.map { gradient[$0] + weights[$0] * y.value[$0] })
    layer.backward(y, into: x, gradients: nil)
    layer.forwardTangent(x, into: y)
    set(y.gradientTangent, weights.indices.map { weights[$0] * y.tangent[$0] })
    layer.backwardTangent(y, into: x, gradients: nil)
    set(x.tangent, tangent)
    set(y.gradient, gradient)
    set(y.gradientTangent, gradientTangent)
    return Array(x.gradientTangent.buffer)
  }

  /// (f(+h) − f(−h))/2h, f at x ± hẋ and ȳ ± hdȳ.
  private func centralDifference(_ evaluate: () -> [Double]) -> [Double] {
    let (value, gradient) = (Array(x.value.buffer), Array(y.gradient.buffer))
    func at(_ h: Float) -> [Double] {
      set(x.value, zip(value, x.tangent.buffer).map { $0 + h * $1 })
      set(y.gradient, zip(gradient, y.gradientTangent.buffer).map { $0 + h * $1 })
      return evaluate()
    }
    let (above, below) = (at(LayerCheck.step), at(-LayerCheck.step))
    set(x.value, value)
    set(y.gradient, gradient)
    return zip(above, below).map { ($0 - $1) / Double(2 * LayerCheck.step) }
  }

  /// The derivative of ⟨ȳ, y⟩ along a direction in parameter space, u and v of power iterations
  /// constant.
  private func slope(along direction: [Float]) -> Double {
    func at(_ h: Float) -> Double {
      move(by: h, along: direction)
      layer.forward(x, into: y, mode: layerCase.mode)
      let value = inner(y.gradient.buffer, y.value.buffer)
      move(by: -h, along: direction)
      return value
    }
    return (at(LayerCheck.step) - at(-LayerCheck.step)) / Double(2 * LayerCheck.step)
  }

  private func move(by h: Float, along direction: [Float]) {
    var start = 0
    for parameter in trained {
      for index in 0..<parameter.shape.count {
        parameter.value[index] += h * direction[start + index]
      }
      start += parameter.shape.count
    }
    refresh()
  }

  /// All parameters' gradients with respect to their values, summed over ranks.
  private func gradient(_ weights: GradientWeights) -> [Float] {
    for parameter in layer.parameters {
      parameter.beginGradient()
      // The first contribution must not read these.
      if weights.previous == 0 { parameter.gradient.fill(.nan) }
    }
    if weights.tangent == 0 {
      layer.backward(y, into: x, gradients: writer(weights))
    } else {
      layer.backwardTangent(y, into: x, gradients: writer(weights))
    }
    return pulledBack()
  }

  private func writer(_ weights: GradientWeights) -> GradientWriter {
    GradientWriter(weights, slices: LayerCase.slices, exactSums: nil)
  }

  private func pulledBack() -> [Float] {
    for parameter in trained { communicator.allreduce(parameter.gradient.buffer) }
    for reparameterization in layer.reparameterizations
    where reparameterization.parameter.isTrained {
      reparameterization.pullBack()
    }
    return trained.flatMap { Array($0.gradient.buffer) }
  }

  private var trained: [Parameter] { layer.parameters.filter(\.isTrained) }

  private func set(_ tensor: Tensor, _ values: [Float]) {
    for index in 0..<tensor.count { tensor[index] = values[index] }
  }

  private func norm(_ tensor: Tensor) -> Double {
    inner(tensor.buffer, tensor.buffer).squareRoot()
  }

  private func dot(_ a: [Float], _ b: [Float]) -> Double {
    zip(a, b).reduce(0) { $0 + Double($1.0) * Double($1.1) }
  }

  private func deviation(_ found: [Double], _ expected: [Double]) -> Deviation {
    require(found.count == expected.count, "\(found.count) values for \(expected.count)")
    var largest = 0.0
    var magnitude = 0.0
    for (value, target) in zip(found, expected) {
      let difference = abs(value - target)
      largest = difference.isNaN ? .infinity : max(largest, difference)
      magnitude = max(magnitude, abs(target))
    }
    return Deviation(difference: largest, magnitude: max(magnitude, 1e-2))
  }
}
