import Kernels
import Tensors

/// The per-channel means of a batch norm's passes, and the coefficients of M·x̂ that follow from
/// them.
///
/// With r = 1/√(variance + ε), X = x − μ, x̂ = rX and ⟨·⟩ the mean over a channel. The formulas are
/// those of ``BatchNorm``, sorted by their inputs.
struct BatchNormMoments {
  /// r.
  let inverseDeviation: Tensor
  /// p = ⟨ȳ⟩ and q = ⟨ȳx̂⟩.
  let gradientMean: Tensor
  let gradientProduct: Tensor
  /// τ = ⟨ẋ⟩ and a = ⟨ẋx̂⟩.
  let tangentMean: Tensor
  let tangentProduct: Tensor
  /// s₀ = ⟨dȳ⟩ and s₁ = ⟨dȳx̂ + ȳt⟩.
  let gradientTangentMean: Tensor
  let gradientTangentProduct: Tensor

  init(channels: Int, arena: Arena) {
    let shape = Shape(length: channels)
    inverseDeviation = arena.tensor(shape)
    gradientMean = arena.tensor(shape)
    gradientProduct = arena.tensor(shape)
    tangentMean = arena.tensor(shape)
    tangentProduct = arena.tensor(shape)
    gradientTangentMean = arena.tensor(shape)
    gradientTangentProduct = arena.tensor(shape)
  }

  /// y = X·rM.
  func setScale(of c: AffinePerChannel, multiplier m: Float) {
    for channel in 0..<c.scale.count { c.scale[channel] = inverseDeviation[channel] * m }
  }

  /// x̄ = rM(ȳ − p − x̂q).
  func setGradient(of c: AffinePerChannel, multiplier m: Float) {
    for channel in 0..<c.scale.count {
      let r = inverseDeviation[channel]
      c.gradientCentered[channel] = -r * r * m * gradientProduct[channel]
      c.gradientOffset[channel] = -r * m * gradientMean[channel]
    }
  }

  /// ẏ = rM(ẋ − τ − x̂a).
  func setTangent(of c: AffinePerChannel, multiplier m: Float) {
    for channel in 0..<c.scale.count {
      let r = inverseDeviation[channel]
      c.tangentCentered[channel] = -r * r * m * tangentProduct[channel]
      c.tangentOffset[channel] = -r * m * tangentMean[channel]
    }
  }

  /// dx̄ = −ra·rM(ȳ − p − x̂q) + rM(dȳ − s₀ − tq − x̂s₁), t = r(ẋ − τ − x̂a).
  func setGradientTangent(of c: AffinePerChannel, multiplier m: Float) {
    for channel in 0..<c.scale.count {
      let r = inverseDeviation[channel]
      let a = tangentProduct[channel]
      let p = gradientMean[channel]
      let q = gradientProduct[channel]
      let s0 = gradientTangentMean[channel]
      let s1 = gradientTangentProduct[channel]
      let rm = r * m
      c.secondCentered[channel] = r * rm * (2 * r * a * q - s1)
      c.secondTangent[channel] = -r * rm * q
      c.secondGradient[channel] = -r * rm * a
      c.secondOffset[channel] = rm * (r * a * p - s0 + r * q * tangentMean[channel])
    }
  }
}
