/// Adds up the times of kernels measured by themselves, part by part of a step.
struct KernelShares {
  private var seconds: [StepBreakdown.Share.Part: Double] = [:]
  private var work: [StepBreakdown.Share.Part: Work] = [:]

  mutating func add(
    _ part: StepBreakdown.Share.Part, seconds: Double, _ work: Work = .none
  ) {
    self.seconds[part, default: 0] += seconds
    self.work[part, default: .none] += work
  }

  mutating func add(_ convolution: KernelTimes.Convolution?, _ pass: ConvolutionPass) {
    guard let time = convolution?.time(of: pass) else { return }
    let direct = Work(operations: time.operations, bytes: 0)
    let moved = Work(operations: 0, bytes: time.bytes)
    guard let products = time.products else {
      return add(.loweredConvolutions, seconds: time.seconds, direct + moved)
    }
    // Each is a median, so noise may make the part larger than the whole.
    let productSeconds = min(products.seconds, time.seconds)
    add(.winogradProducts, seconds: productSeconds, Work(operations: products.operations, bytes: 0))
    add(.winogradTransforms, seconds: time.seconds - productSeconds, moved)
  }

  mutating func add(_ activation: KernelTimes.Activation?, _ pass: ActivationPass) {
    guard let time = activation?.time(of: pass) else { return }
    add(
      pass.takesStatistics ? .statistics : .elementwise, seconds: time.seconds,
      Work(operations: 0, bytes: time.bytes))
  }

  mutating func add(_ pooling: KernelTimes.Pooling?, _ sweep: TracedPass) {
    guard let pooling else { return }
    let isForward = sweep.convolutionPass(isFirst: false) == .forward
    add(
      .elementwise, seconds: isForward ? pooling.forward : pooling.backward,
      Work(operations: 0, bytes: pooling.bytes))
  }

  /// All parts, and the rest of `total`.
  func shares(of total: Double) -> [StepBreakdown.Share] {
    let rest = total - seconds.values.reduce(0, +)
    return StepBreakdown.Share.Part.allCases.map { part in
      let work = work[part] ?? .none
      return StepBreakdown.Share(
        part: part, seconds: part == .rest ? rest : seconds[part] ?? 0,
        operations: work.operations, bytes: work.bytes)
    }
  }
}
