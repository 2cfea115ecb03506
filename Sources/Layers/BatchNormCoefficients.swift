import Tensors

/// The per-channel numbers that turn each pass of a batch norm into one linear combination of its inputs.
///
/// Every pass has the form X·A + ẋ·B + ȳ·C + dȳ·D + E with X = x − μ; the formulas are in ``BatchNorm``.
struct BatchNormCoefficients {
  let zero: Tensor
  let mean: Tensor
  let inverseDeviation: Tensor
  /// r·m.
  let valueScale: Tensor
  let gradientMean: Tensor
  let gradientProduct: Tensor
  let tangentMean: Tensor
  let tangentProduct: Tensor
  let gradientTangentMean: Tensor
  let gradientTangentProduct: Tensor
  /// A, B, C, D and E of the pass at hand.
  let centeredScale: Tensor
  let tangentScale: Tensor
  let gradientScale: Tensor
  let gradientTangentScale: Tensor
  let offset: Tensor

  init(channels: Int, arena: Arena) {
    let shape = Shape(length: channels)
    zero = arena.tensor(shape)
    mean = arena.tensor(shape)
    inverseDeviation = arena.tensor(shape)
    valueScale = arena.tensor(shape)
    gradientMean = arena.tensor(shape)
    gradientProduct = arena.tensor(shape)
    tangentMean = arena.tensor(shape)
    tangentProduct = arena.tensor(shape)
    gradientTangentMean = arena.tensor(shape)
    gradientTangentProduct = arena.tensor(shape)
    centeredScale = arena.tensor(shape)
    tangentScale = arena.tensor(shape)
    gradientScale = arena.tensor(shape)
    gradientTangentScale = arena.tensor(shape)
    offset = arena.tensor(shape)
  }

  /// y = X·rm.
  func setForward(multiplier m: Float) {
    for channel in 0..<zero.count {
      valueScale[channel] = inverseDeviation[channel] * m
      offset[channel] = 0
    }
  }

  /// rm(g − ⟨g⟩ − x̂⟨gx̂⟩), for a gradient and, the projection being symmetric, for a tangent.
  func setBackward(multiplier m: Float, mean: Tensor, product: Tensor) {
    for channel in 0..<zero.count {
      let r = inverseDeviation[channel]
      centeredScale[channel] = -r * r * m * product[channel]
      gradientScale[channel] = r * m
      offset[channel] = -r * m * mean[channel]
    }
  }

  /// −ra·rm(ȳ − p − x̂q) + rm(dȳ − s₀ − tq − x̂s₁), t = r(ẋ − τ − x̂a), sorted by its inputs.
  func setBackwardTangent(multiplier m: Float) {
    for channel in 0..<zero.count {
      let r = inverseDeviation[channel]
      let a = tangentProduct[channel]
      let p = gradientMean[channel]
      let q = gradientProduct[channel]
      let s0 = gradientTangentMean[channel]
      let s1 = gradientTangentProduct[channel]
      let rm = r * m
      centeredScale[channel] = r * rm * (2 * r * a * q - s1)
      tangentScale[channel] = -r * rm * q
      gradientScale[channel] = -r * rm * a
      gradientTangentScale[channel] = rm
      offset[channel] = rm * (r * a * p - s0 + r * q * tangentMean[channel])
    }
  }
}
