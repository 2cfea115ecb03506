import Failures
import Tensors

// The plain twin of lowering and multiplying: the definition, summed in double.

/// y[n, oy, ox, o] ← Σ x[n, oy·stride + ky − padding, ox·stride + kx − padding, i]·weight[ky, kx,
/// i, o].
public func directConvolution(
  _ x: Tensor, _ weight: Tensor, _ geometry: ConvolutionGeometry, into y: Tensor
) {
  let terms = ConvolutionTerms(geometry, x: x, weight: weight, y: y)
  terms.sum(into: y, at: \.y) { Double(x[$0.x]) * Double(weight[$0.weight]) }
}

/// x ← the adjoint of the convolution, applied to y.
public func directConvolutionAdjoint(
  _ y: Tensor, _ weight: Tensor, _ geometry: ConvolutionGeometry, into x: Tensor
) {
  let terms = ConvolutionTerms(geometry, x: x, weight: weight, y: y)
  terms.sum(into: x, at: \.x) { Double(y[$0.y]) * Double(weight[$0.weight]) }
}

/// weight ← the gradient of Σ y·convolution(x, weight) by the weight.
public func directConvolutionWeightGradient(
  _ x: Tensor, _ y: Tensor, _ geometry: ConvolutionGeometry, into weight: Tensor
) {
  let terms = ConvolutionTerms(geometry, x: x, weight: weight, y: y)
  terms.sum(into: weight, at: \.weight) { Double(x[$0.x]) * Double(y[$0.y]) }
}

/// All products that a convolution sums: which elements of x and of the weight contribute to which
/// element of y.
///
/// The convolution and both its gradients are sums over the same triples.
private struct ConvolutionTerms {
  struct Term {
    let x: Int
    let weight: Int
    let y: Int
  }

  private let geometry: ConvolutionGeometry
  private let samples: Int

  init(_ geometry: ConvolutionGeometry, x: Tensor, weight: Tensor, y: Tensor) {
    let samples = x.shape.rank == 4 ? x.shape.samples : 0
    let input = geometry.inputShape(samples: samples)
    let output = geometry.outputShape(samples: samples)
    require(
      x.shape == input && weight.shape == geometry.weightShape && y.shape == output,
      "a convolution takes \(input) by \(geometry.weightShape) to \(output), not \(x.shape) by "
        + "\(weight.shape) to \(y.shape)")
    self.geometry = geometry
    self.samples = samples
  }

  func sum(into target: Tensor, at index: KeyPath<Term, Int>, _ product: (Term) -> Double) {
    var sums = [Double](repeating: 0, count: target.count)
    forEach { sums[$0[keyPath: index]] += product($0) }
    for (element, sum) in sums.enumerated() { target[element] = Float(sum) }
  }

  private func forEach(_ body: (Term) -> Void) {
    for n in 0..<samples {
      for oy in 0..<geometry.outputHeight {
        for ox in 0..<geometry.outputWidth { forEachTerm(sample: n, oy: oy, ox: ox, body) }
      }
    }
  }

  /// The terms of one output position.
  private func forEachTerm(sample n: Int, oy: Int, ox: Int, _ body: (Term) -> Void) {
    let g = geometry
    for ky in 0..<g.kernelHeight {
      for kx in 0..<g.kernelWidth {
        let iy = oy * g.stride + ky - g.padding
        let ix = ox * g.stride + kx - g.padding
        guard 0..<g.inputHeight ~= iy, 0..<g.inputWidth ~= ix else { continue }
        let x = ((n * g.inputHeight + iy) * g.inputWidth + ix) * g.inputChannels
        let weight = (ky * g.kernelWidth + kx) * g.inputChannels
        let y = ((n * g.outputHeight + oy) * g.outputWidth + ox) * g.outputChannels
        for i in 0..<g.inputChannels {
          for o in 0..<g.outputChannels {
            body(Term(x: x + i, weight: (weight + i) * g.outputChannels + o, y: y + o))
          }
        }
      }
    }
  }
}
