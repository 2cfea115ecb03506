import Failures
import Kernels
import MessagePassing
import Tensors

/// y = M·x̂, x̂ = (x − μ)/√(variance + ε) per channel, without affine weights; ε = 1e-5.
///
/// Plain: M = 1. γ-Lipschitz: M = scale·min(1/scale, γ) = min(1, γ·scale), with
/// scale = min_c √(running variance_c + ε) *before* this step's update, so that in evaluation no
/// channel is stretched by more than γ. γ = exp(log_lipschitz) receives a gradient only if
/// γ < 1/scale. x is [N, H, W, C]; in training μ and variance are those of the batch of all ranks.
///
/// With r = 1/√(variance + ε), X = x − μ, x̂ = rX, ⟨·⟩ the mean over a channel, a = ⟨ẋx̂⟩:
/// - backward: x̄ = rM(ȳ − p − x̂q), p = ⟨ȳ⟩, q = ⟨ȳx̂⟩
/// - tangent: ẏ = M·t, t = r(ẋ − ⟨ẋ⟩ − x̂a)
/// - backward tangent: dx̄ = −ra·x̄ + rM(dȳ − ⟨dȳ⟩ − tq − x̂⟨dȳx̂ + ȳt⟩)
///
/// Inside a residual block the layer normalises αx, with α its ``Factors/input``, and M contains
/// its ``Factors/output``. The statistics of αx follow from those of x: BN(αx) with ε is BN(x) with
/// ε/α². The `prepare` methods compute the statistics of a pass. The passes are one loop each, here
/// or in an ``AffineActivation`` that continues with an activation.
/// - Source: Srinivas et al. 2022, §3.3; running statistics as in PyTorch (momentum 0.1, unbiased).
public final class BatchNorm: Layer {
  public static let epsilon: Float = 1e-5
  public static let momentum: Float = 0.1

  public enum Constraint: Sendable {
    /// M = 1; log_lipschitz is unused state.
    case none
    /// M = min(1, γ·scale).
    case lipschitz
  }

  /// The factors of a batch norm's input and output.
  public struct Factors: Sendable {
    public let input: Float
    public let output: Float
    public static let one = Factors(input: 1, output: 1)

    public init(input: Float, output: Float) {
      self.input = input
      self.output = output
    }
  }

  public let logLipschitz: Parameter
  public let runningMean: Tensor
  public let runningVariance: Tensor
  public let parameters: [Parameter]
  public let state: [StateTensor]
  public let reparameterizations: [any Reparameterization]

  public let constraint: Constraint
  private let factors: Factors
  private let channels: Int
  private let slices: Slices
  private let statistics: BatchStatistics
  private let batch: BatchNormMoments
  /// The coefficients of M·x̂ as a function of x.
  let coefficients: AffinePerChannel
  private let zero: Tensor
  /// The expected mean of x, about which moments are summed.
  private let center: Tensor
  private let stagedMean: Tensor
  private let stagedVariance: Tensor
  private var moments = BatchStatistics.Moments(count: 0, globalCount: 0)
  private var mode = Mode.evaluation
  private var multiplier: Float = 1
  private var multiplierPerGamma: Float = 0
  /// Σ ȳx̂ and Σ (dȳx̂ + ȳt) of this rank, slice by slice: the gradient of M and its tangent.
  private let localProducts: UnsafeMutableBufferPointer<Double>
  private let localProductTangents: UnsafeMutableBufferPointer<Double>

  /// - Parameter name: the prefix of the conv-BN block in the state dict.
  public init(
    channels: Int, constraint: Constraint, factors: Factors = .one, logLipschitz: Parameter,
    name: String, site: LayerSite
  ) {
    let (arena, sliceCount) = (site.arena, site.sliceCount)
    self.channels = channels
    self.constraint = constraint
    self.factors = factors
    self.logLipschitz = logLipschitz
    slices = site.slices
    parameters = [logLipschitz]
    reparameterizations = [Exponential(logLipschitz, offset: 0, arena: arena)]
    statistics = BatchStatistics(channels: channels, site: site)
    localProducts = arena.buffer(of: Double.self, count: sliceCount)
    localProductTangents = arena.buffer(of: Double.self, count: sliceCount)
    batch = BatchNormMoments(channels: channels, arena: arena)
    coefficients = AffinePerChannel(.normalized, channels: channels, arena: arena)
    let perChannel = Shape(length: channels)
    zero = arena.tensor(perChannel)
    center = arena.tensor(perChannel)
    runningMean = arena.tensor(perChannel)
    runningVariance = arena.tensor(perChannel)
    stagedMean = arena.tensor(perChannel)
    stagedVariance = arena.tensor(perChannel)
    let layout = CheckpointLayout.unchanged([channels])
    state = [
      StateTensor(name: "\(name).bn.running_mean", tensor: runningMean, layout: layout),
      StateTensor(name: "\(name).bn.running_var", tensor: runningVariance, layout: layout),
    ]
  }

  public var gamma: Float { logLipschitz.effective[0] }

  /// min_c √(running variance_c + ε).
  public var scale: Float {
    var smallest = Float.infinity
    for channel in 0..<channels { smallest = min(smallest, runningVariance[channel]) }
    return (smallest + BatchNorm.epsilon).squareRoot()
  }

  /// The slope of each channel in evaluation, in double precision and without ``Factors``.
  ///
  /// min(1, γ·scale)/√(running variance_c + ε), or 1/√(running variance_c + ε) without a constraint.
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

  public var evaluation: [EvaluationMap] { [.normalization(self)] }

  // MARK: - The passes

  public func forward(_ x: Edge, into y: Edge, mode: Mode) {
    prepareForward(x.value, mode: mode)
    let c = coefficients
    combineChannels(x.value, center: c.mean, scale: c.scale, offset: zero, into: y.value)
  }

  public func backward(_ y: Edge, into x: Edge, gradients writer: GradientWriter?) {
    prepareBackward(samples: x.shape.samples) { slice, sum, product in
      addNormalizedMoments(
        of: y.gradient.slice(slice), x: x.value.slice(slice), mean: coefficients.mean,
        inverseDeviation: batch.inverseDeviation, sum: sum, product: product)
    }
    let c = coefficients
    combineChannels(
      x.value, center: c.mean, scale: c.gradientCentered, y.gradient, gradientScale: c.scale,
      offset: c.gradientOffset, into: x.gradient)
    writeGradient(samples: x.shape.samples, writer)
  }

  public func forwardTangent(_ x: Edge, into y: Edge) {
    prepareForwardTangent(x)
    let c = coefficients
    combineChannels(
      x.value, center: c.mean, scale: c.tangentCentered, x.tangent, gradientScale: c.scale,
      offset: c.tangentOffset, into: y.tangent)
  }

  public func backwardTangent(
    _ y: Edge, into x: Edge, gradients writer: GradientWriter?
  ) {
    prepareBackwardTangent(samples: x.shape.samples) { slice, sum, product in
      addSecondMoments(
        of: y.gradient.slice(slice), gradientTangent: y.gradientTangent.slice(slice),
        x: x.value.slice(slice), tangent: x.tangent.slice(slice), mean: coefficients.mean,
        inverseDeviation: batch.inverseDeviation, tangentMean: batch.tangentMean,
        tangentProduct: batch.tangentProduct, sum: sum, product: product)
    }
    let c = coefficients
    combineChannels(
      x.value, center: c.mean, scale: c.secondCentered, tangent: x.tangent,
      tangentScale: c.secondTangent, gradient: y.gradient, gradientScale: c.secondGradient,
      gradientTangent: y.gradientTangent, gradientTangentScale: c.scale, offset: c.secondOffset,
      into: x.gradientTangent)
    writeGradient(samples: x.shape.samples, writer)
  }

  public func commit() {
    for channel in 0..<channels {
      runningMean[channel] += BatchNorm.momentum * (stagedMean[channel] - runningMean[channel])
      runningVariance[channel] +=
        BatchNorm.momentum * (stagedVariance[channel] - runningVariance[channel])
    }
  }

  // MARK: - Statistics of the passes

  /// Computes μ, r and M.
  ///
  /// Collective in training.
  func prepareForward(_ x: Tensor, mode: Mode) {
    self.mode = mode
    refreshMultiplier()
    let (c, alpha) = (coefficients, factors.input)
    let variance = batch.inverseDeviation
    for channel in 0..<channels { center[channel] = runningMean[channel] / alpha }
    switch mode {
    case .training:
      moments = statistics.measure(
        x, center: center, mean: c.mean, variance: variance, globalMean: stagedMean,
        globalUnbiasedVariance: stagedVariance)
      for channel in 0..<channels {
        stagedMean[channel] *= alpha
        stagedVariance[channel] *= alpha * alpha
      }
    case .evaluation:
      c.mean.copy(from: center)
      for channel in 0..<channels {
        variance[channel] = runningVariance[channel] / (alpha * alpha)
      }
      c.clearDerivatives()
    }
    let epsilon = BatchNorm.epsilon / (alpha * alpha)
    for channel in 0..<channels {
      batch.inverseDeviation[channel] = 1 / (variance[channel] + epsilon).squareRoot()
    }
    batch.setScale(of: c, multiplier: multiplier)
  }

  /// Computes p and q from Σ ȳ and Σ ȳx̂ of each slice.
  ///
  /// Collective in training.
  func prepareBackward(samples: Int, _ add: BatchStatistics.SliceSums) {
    guard mode == .training else { return }
    statistics.average(
      over: moments, samples: samples, into: batch.gradientMean, batch.gradientProduct,
      localSecondSums: localProducts, add: add)
    batch.setGradient(of: coefficients, multiplier: multiplier)
  }

  /// Computes τ = ⟨ẋ⟩ and a = ⟨ẋx̂⟩.
  ///
  /// Collective in training.
  func prepareForwardTangent(_ x: Edge) {
    guard mode == .training else { return }
    // The local second sums of this pass are not used; the backward tangent overwrites them.
    statistics.average(
      over: moments, samples: x.shape.samples, into: batch.tangentMean, batch.tangentProduct,
      localSecondSums: localProductTangents
    ) { slice, sum, product in
      addNormalizedMoments(
        of: x.tangent.slice(slice), x: x.value.slice(slice), mean: coefficients.mean,
        inverseDeviation: batch.inverseDeviation, sum: sum, product: product)
    }
    batch.setTangent(of: coefficients, multiplier: multiplier)
  }

  /// Computes s₀ = ⟨dȳ⟩ and s₁ = ⟨dȳx̂ + ȳt⟩ from the sums of each slice.
  ///
  /// Collective in training.
  func prepareBackwardTangent(samples: Int, _ add: BatchStatistics.SliceSums) {
    guard mode == .training else { return }
    statistics.average(
      over: moments, samples: samples, into: batch.gradientTangentMean,
      batch.gradientTangentProduct, localSecondSums: localProductTangents, add: add)
    batch.setGradientTangent(of: coefficients, multiplier: multiplier)
  }

  /// first += sum, second += r·products: the sums of one slice, from a loop over X = x − μ.
  func add(
    _ sum: UnsafeMutableBufferPointer<Double>, products: UnsafeMutableBufferPointer<Double>,
    to first: UnsafeMutableBufferPointer<Double>, _ second: UnsafeMutableBufferPointer<Double>
  ) {
    for channel in 0..<channels {
      first[channel] += sum[channel]
      second[channel] += Double(batch.inverseDeviation[channel]) * products[channel]
    }
  }

  /// first += sum, second += r·products + tangentProducts/M, with tangentProducts = Σ ȳ·ẏ.
  func add(
    _ sum: UnsafeMutableBufferPointer<Double>, products: UnsafeMutableBufferPointer<Double>,
    tangentProducts: UnsafeMutableBufferPointer<Double>,
    to first: UnsafeMutableBufferPointer<Double>, _ second: UnsafeMutableBufferPointer<Double>
  ) {
    add(sum, products: products, to: first, second)
    for channel in 0..<channels { second[channel] += tangentProducts[channel] / Double(multiplier) }
  }

  /// Whether the passes use statistics of the batch.
  var takesStatistics: Bool { mode == .training }

  /// γ̄ = ∂M/∂γ·Σ ȳx̂ over this rank's samples only; the gradient reducer adds the ranks.
  ///
  /// - Precondition: the last forward pass was in training mode.
  func writeGradient(samples: Int, _ writer: GradientWriter?) {
    guard let writer, logLipschitz.isTrained else { return }
    require(mode == .training, "parameter gradients of a batch norm in evaluation mode")
    writer.write(parameters, samples: samples) { samples, weights in
      let claimed = logLipschitz.claim(weights)
      let previous = claimed.previous == 0 ? 0 : Double(claimed.previous * logLipschitz.gradient[0])
      var sum = 0.0
      slices.forEach(in: samples) { slice in
        let index = slice.lowerBound / slices.samples
        sum += Double(weights.primal) * localProducts[index]
        if weights.tangent != 0 { sum += Double(weights.tangent) * localProductTangents[index] }
      }
      logLipschitz.gradient[0] = Float(previous + Double(multiplierPerGamma) * sum)
    }
  }

  private func refreshMultiplier() {
    switch constraint {
    case .none:
      multiplier = factors.output
    case .lipschitz:
      let scale = self.scale
      multiplier = factors.output * scale * min(1 / scale, gamma)
      multiplierPerGamma = gamma < 1 / scale ? factors.output * scale : 0
    }
  }
}
