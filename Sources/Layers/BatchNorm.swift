import Kernels
import MessagePassing
import Preconditions
import Tensors

/// y = m·x̂, x̂ = (x − μ)/√(variance + 1e-5) per channel, without affine weights.
///
/// Plain: m = 1. γ-Lipschitz: m = scale·min(1/scale, γ) = min(1, γ·scale), with
/// scale = min_c √(running variance_c + 1e-5) *before* this step's update, so that in evaluation no
/// channel is stretched by more than γ. γ = exp(log_lipschitz) receives a gradient only where
/// γ < 1/scale. [N, H, W, C]; in training μ and variance are those of the batch, over the ranks too.
///
/// With r = 1/√(variance + 1e-5), X = x − μ, x̂ = rX, ⟨·⟩ the mean over a channel, a = ⟨ẋx̂⟩:
/// - backward: x̄ = rm(ȳ − p − x̂q), p = ⟨ȳ⟩, q = ⟨ȳx̂⟩
/// - tangent: ẏ = m·t, t = r(ẋ − ⟨ẋ⟩ − x̂a)
/// - backward tangent: dx̄ = −ra·x̄ + rm(dȳ − ⟨dȳ⟩ − tq − x̂⟨dȳx̂ + ȳt⟩)
/// - Source: Srinivas et al. 2022, §3.3; running statistics as in PyTorch (momentum 0.1, unbiased).
public final class BatchNorm: Layer {
  public static let epsilon: Float = 1e-5
  public static let momentum: Float = 0.1

  public enum Constraint: Sendable {
    /// m = 1; log_lipschitz is state that nothing reads.
    case none
    /// m = min(1, γ·scale).
    case lipschitz
  }

  public let logLipschitz: Parameter
  public let runningMean: Tensor
  public let runningVariance: Tensor
  public let state: [StateTensor]
  public let reparameterizations: [any Reparameterization]

  private let constraint: Constraint
  private let channels: Int
  private let slices: Slices
  private let statistics: BatchStatistics
  private let coefficients: BatchNormCoefficients
  private let stagedMean: Tensor
  private let stagedVariance: Tensor
  private var moments = BatchStatistics.Moments(count: 0, globalCount: 0)
  private var mode = Mode.evaluation
  private var multiplier: Float = 1
  private var multiplierPerGamma: Float = 0
  /// This rank's Σ ȳx̂ and Σ (dȳx̂ + ȳt), slice by slice: m's gradient and its tangent.
  private let ownProducts: UnsafeMutableBufferPointer<Double>
  private let ownProductTangents: UnsafeMutableBufferPointer<Double>

  /// - Parameters:
  ///   - name: the state dict's prefix of the conv-BN block.
  ///   - maximumSamples: the most samples of a batch on this rank.
  public init(
    channels: Int, constraint: Constraint, logLipschitz: Parameter, name: String,
    maximumSamples: Int, communicator: any Communicator, scope: BatchNormScope,
    slices: Slices, order: SumOrder, arena: Arena
  ) {
    self.channels = channels
    self.constraint = constraint
    self.logLipschitz = logLipschitz
    self.slices = slices
    reparameterizations = [Exponential(logLipschitz, offset: 0, arena: arena)]
    statistics = BatchStatistics(
      channels: channels, communicator: communicator, scope: scope, slices: slices, order: order,
      arena: arena)
    let sliceCount = (maximumSamples + slices.samples - 1) / slices.samples
    ownProducts = arena.buffer(of: Double.self, count: sliceCount)
    ownProductTangents = arena.buffer(of: Double.self, count: sliceCount)
    coefficients = BatchNormCoefficients(channels: channels, arena: arena)
    runningMean = arena.tensor(Shape(length: channels))
    runningVariance = arena.tensor(Shape(length: channels))
    stagedMean = arena.tensor(Shape(length: channels))
    stagedVariance = arena.tensor(Shape(length: channels))
    let layout = CheckpointLayout.unchanged([channels])
    state = [
      StateTensor(name: "\(name).bn.running_mean", tensor: runningMean, layout: layout),
      StateTensor(name: "\(name).bn.running_var", tensor: runningVariance, layout: layout),
    ]
  }

  public var parameters: [Parameter] { [logLipschitz] }
  public var gamma: Float { logLipschitz.effective[0] }

  /// min_c √(running variance_c + 1e-5).
  public var scale: Float {
    var smallest = Float.infinity
    for channel in 0..<channels { smallest = min(smallest, runningVariance[channel]) }
    return (smallest + BatchNorm.epsilon).squareRoot()
  }

  /// m/√(running variance_c + 1e-5), the slope of each channel in evaluation, in double precision.
  public var evaluationSlopes: [Double] {
    let deviations = (0..<channels).map {
      (Double(runningVariance[$0]) + Double(BatchNorm.epsilon)).squareRoot()
    }
    let multiplier: Double =
      switch constraint {
      case .none: 1
      case .lipschitz: min(1, Double(gamma) * (deviations.min() ?? 1))
      }
    return deviations.map { multiplier / $0 }
  }

  public func forward(_ x: Activation, into y: Activation, mode: Mode) {
    self.mode = mode
    refreshMultiplier()
    let c = coefficients
    switch mode {
    case .training:
      moments = statistics.measure(
        x.value, center: runningMean, mean: c.mean, variance: c.inverseDeviation,
        globalMean: stagedMean, globalUnbiasedVariance: stagedVariance)
    case .evaluation:
      c.mean.copy(from: runningMean)
      c.inverseDeviation.copy(from: runningVariance)
    }
    for channel in 0..<channels {
      let variance = c.inverseDeviation[channel]
      c.inverseDeviation[channel] = 1 / (variance + BatchNorm.epsilon).squareRoot()
    }
    c.setForward(multiplier: multiplier)
    combineChannels(
      x.value, center: c.mean, scale: c.valueScale, offset: c.offset, into: y.value)
  }

  public func backward(_ y: Activation, into x: Activation) {
    let c = coefficients
    measureGradient(x, y)
    guard mode == .training else {
      combineChannels(
        y.gradient, center: c.zero, scale: c.valueScale, offset: c.zero, into: x.gradient)
      return
    }
    c.setBackward(
      multiplier: multiplier, mean: c.gradientMean, product: c.gradientProduct)
    combineChannels(
      x.value, center: c.mean, scale: c.centeredScale, y.gradient,
      gradientScale: c.gradientScale, offset: c.offset, into: x.gradient)
  }

  public func forwardTangent(_ x: Activation, into y: Activation) {
    let c = coefficients
    guard mode == .training else {
      combineChannels(
        x.tangent, center: c.zero, scale: c.valueScale, offset: c.zero, into: y.tangent)
      return
    }
    // Nobody asks for this pass's own sums; the backward tangent writes the buffer anew.
    averageMoments(
      of: x.tangent, x, into: c.tangentMean, c.tangentProduct, ownSeconds: ownProductTangents)
    c.setBackward(multiplier: multiplier, mean: c.tangentMean, product: c.tangentProduct)
    combineChannels(
      x.value, center: c.mean, scale: c.centeredScale, x.tangent,
      gradientScale: c.gradientScale, offset: c.offset, into: y.tangent)
  }

  public func backwardTangent(_ y: Activation, into x: Activation) {
    let c = coefficients
    guard mode == .training else {
      combineChannels(
        y.gradientTangent, center: c.zero, scale: c.valueScale, offset: c.zero,
        into: x.gradientTangent)
      return
    }
    statistics.average(
      over: moments, samples: x.shape.samples, into: c.gradientTangentMean,
      c.gradientTangentProduct, ownSeconds: ownProductTangents
    ) { slice, sum, product in
      addSecondMoments(
        of: y.gradient.slice(slice), gradientTangent: y.gradientTangent.slice(slice),
        x: x.value.slice(slice), tangent: x.tangent.slice(slice), mean: c.mean,
        inverseDeviation: c.inverseDeviation, tangentMean: c.tangentMean,
        tangentProduct: c.tangentProduct, sum: sum, product: product)
    }
    c.setBackwardTangent(multiplier: multiplier)
    combineChannels(
      x.value, center: c.mean, scale: c.centeredScale, tangent: x.tangent,
      tangentScale: c.tangentScale, gradient: y.gradient, gradientScale: c.gradientScale,
      gradientTangent: y.gradientTangent, gradientTangentScale: c.gradientTangentScale,
      offset: c.offset, into: x.gradientTangent)
  }

  /// γ̄ = ∂m/∂γ·Σ ȳx̂ over this rank's samples only: the reducer adds the ranks, once.
  ///
  /// - Precondition: the last forward pass was a training one; evaluation takes no parameter gradients.
  public func writeGradient(
    _ x: Activation, _ y: Activation, samples: Range<Int>, weights: GradientWeights
  ) {
    guard logLipschitz.isTrained else { return }
    require(mode == .training, "parameter gradients of a batch norm in evaluation mode")
    let claimed = logLipschitz.claim(weights)
    let kept = claimed.previous == 0 ? 0 : Double(claimed.previous * logLipschitz.gradient[0])
    var own = 0.0
    slices.forEach(in: samples) { slice in
      let index = slice.lowerBound / slices.samples
      own += Double(weights.primal) * ownProducts[index]
      if weights.tangent != 0 { own += Double(weights.tangent) * ownProductTangents[index] }
    }
    logLipschitz.gradient[0] = Float(kept + Double(multiplierPerGamma) * own)
  }

  public func commit() {
    for channel in 0..<channels {
      runningMean[channel] += BatchNorm.momentum * (stagedMean[channel] - runningMean[channel])
      runningVariance[channel] +=
        BatchNorm.momentum * (stagedVariance[channel] - runningVariance[channel])
    }
  }

  private func refreshMultiplier() {
    guard constraint == .lipschitz else { return }
    let scale = self.scale
    multiplier = scale * min(1 / scale, gamma)
    multiplierPerGamma = gamma < 1 / scale ? scale : 0
  }

  private func measureGradient(_ x: Activation, _ y: Activation) {
    guard mode == .training else { return }
    averageMoments(
      of: y.gradient, x, into: coefficients.gradientMean, coefficients.gradientProduct,
      ownSeconds: ownProducts)
  }

  /// ⟨g⟩ and ⟨gx̂⟩ of a gradient or a tangent.
  private func averageMoments(
    of gradient: Tensor, _ x: Activation, into mean: Tensor, _ product: Tensor,
    ownSeconds: UnsafeMutableBufferPointer<Double>
  ) {
    statistics.average(
      over: moments, samples: x.shape.samples, into: mean, product, ownSeconds: ownSeconds
    ) { slice, sum, products in
      addNormalizedMoments(
        of: gradient.slice(slice), x: x.value.slice(slice), mean: coefficients.mean,
        inverseDeviation: coefficients.inverseDeviation, sum: sum, product: products)
    }
  }
}
