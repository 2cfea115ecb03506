import Kernels
import Layers
import Training

/// Adds up the spans of a traced step: by pass, by layer, by kernel, and as a simulation.
struct TraceAnalysis {
  private let trace: StepTrace
  private let inventory: NetworkInventory
  private let buckets: [GradientReducer.Bucket]
  private let subject: BenchmarkSubject
  /// The sweeps over layers that the step has made.
  private let sweeps: [TracedPass]

  init(
    _ trace: StepTrace, inventory: NetworkInventory, buckets: [GradientReducer.Bucket],
    subject: BenchmarkSubject
  ) {
    self.trace = trace
    self.inventory = inventory
    self.buckets = buckets
    self.subject = subject
    let found = Set(trace.spans.filter { $0.layer != nil }.map(\.pass))
    sweeps = TracedPass.allCases.filter(found.contains)
  }

  /// How often the step makes a sweep.
  private func count(_ sweep: TracedPass) -> Int {
    trace.spans.count { $0.pass == sweep && $0.layer == 0 }
  }

  private func work(_ pass: TracedPass, _ layer: Int) -> Work {
    Double(count(pass))
      * inventory.blocks[layer].work(
        pass, samples: subject.samples, isFirst: isWithoutInputGradient(pass, layer),
        mode: mode(of: pass))
  }

  private func mode(of pass: TracedPass) -> Mode {
    pass.isOfAttack ? subject.recipe.attackMode : .training
  }

  /// Whether a layer gives what it reads no gradient, as the first one in a sweep that ends there.
  private func isWithoutInputGradient(_ pass: TracedPass, _ layer: Int) -> Bool {
    layer == 0 && !(pass == .backward && subject.hasInputGradient)
  }

  private func pass(
    _ pass: TracedPass, _ spans: [StepTrace.Span], work: Work = .none
  ) -> StepBreakdown.Pass {
    StepBreakdown.Pass(
      pass: pass, computing: spans.reduce(0) { $0 + $1.computing },
      collectives: spans.reduce(0) { $0 + $1.batchNorm }, operations: work.operations,
      bytes: work.bytes)
  }

  var layers: [StepBreakdown.Layer] {
    inventory.blocks.enumerated().map { index, layer in
      StepBreakdown.Layer(
        name: layer.name,
        passes: sweeps.map { sweep in
          let spans = trace.spans.filter { $0.pass == sweep && $0.layer == index }
          return pass(sweep, spans, work: work(sweep, index))
        })
    }
  }

  var passes: [StepBreakdown.Pass] {
    let gradients = trace.spans.reduce(0) { $0 + $1.gradients }
    return TracedPass.allCases.compactMap { pass in
      let spans = trace.spans.filter { $0.pass == pass }
      guard !spans.isEmpty else { return nil }
      let work =
        sweeps.contains(pass)
        ? inventory.blocks.indices.reduce(Work.none) { $0 + self.work(pass, $1) } : .none
      var found = self.pass(pass, spans, work: work)
      // Wherever the collectives of gradients are made, they are the reduction's.
      if pass == .reduce { found.collectives += gradients }
      return found
    }
  }

  // MARK: - The kernels

  /// Kernels' times by themselves, as often as the step runs them, and the rest that they do not
  /// explain.
  func shares(_ kernels: KernelTimes) -> [StepBreakdown.Share] {
    var sums = KernelShares()
    for sweep in sweeps {
      for _ in 0..<count(sweep) { add(sweep, kernels, to: &sums) }
    }
    // Each pair of sweeps, there and back, transforms the weights in both orientations.
    let pairs = Double(sweeps.reduce(0) { $0 + count($1) }) / 2
    for geometry in inventory.blocks.flatMap(\.convolutions) {
      let once = kernels.convolution(geometry)?.weightTransforms ?? 0
      sums.add(.winogradTransforms, seconds: pairs * once)
    }
    sums.add(.spectralNorms, seconds: kernels.weights.refresh + kernels.weights.pullBack)
    sums.add(
      .update, seconds: kernels.weights.update,
      Work(operations: 0, bytes: kernels.weights.updateBytes))
    let passes = passes
    sums.add(.collectives, seconds: passes.reduce(0) { $0 + $1.collectives })
    return sums.shares(of: passes.reduce(0) { $0 + $1.seconds })
  }

  private func add(_ sweep: TracedPass, _ kernels: KernelTimes, to sums: inout KernelShares) {
    for (index, layer) in inventory.blocks.enumerated() {
      let isFirst = isWithoutInputGradient(sweep, index)
      for geometry in layer.convolutions {
        guard let pass = sweep.convolutionPass(isFirst: isFirst) else { continue }
        sums.add(kernels.convolution(geometry), pass)
      }
      for (sum, pass) in layer.activationLoops(sweep, mode: mode(of: sweep)) {
        sums.add(kernels.activation(sum), pass)
      }
      for pooling in layer.poolings { sums.add(kernels.pooling(pooling), sweep) }
    }
  }

  // MARK: - The simulation

  /// The step's computing, and the allreduces that it waits for.
  var simulation: StepSimulation {
    let spans = trace.spans.filter { $0.pass != .reduce }
    let end = (spans.lastIndex { $0.layer != nil } ?? -1) + 1
    let lastBucket = StepSimulation.Stage(
      seconds: 0, scalesWithSamples: false, bucket: buckets.first { $0.layer == nil }?.bytes)
    return StepSimulation(
      stages: spans[..<end].map(stage) + [lastBucket], tail: spans[end...].map(stage))
  }

  private func stage(_ span: StepTrace.Span) -> StepSimulation.Stage {
    let bucket =
      span.pass.completesBuckets ? buckets.first { $0.layer == span.layer }?.bytes : nil
    return StepSimulation.Stage(
      seconds: span.computing, scalesWithSamples: span.pass.scalesWithSamples,
      sums: span.layer.map { sums(span.pass, $0) } ?? [], bucket: bucket)
  }

  /// Bytes of the batch norms' allreduces: two numbers per channel and a count, in double.
  private func sums(_ sweep: TracedPass, _ layer: Int) -> [Int] {
    guard mode(of: sweep) == .training else { return [] }
    let isForward = sweep.activationPasses(.training).contains(.statistics)
    guard subject.recipe.batchNorm == .global || isForward else { return [] }
    let perNumber =
      subject.recipe.reproducible ? 2 * MemoryLayout<Int64>.stride : MemoryLayout<Double>.stride
    return inventory.blocks[layer].sums.flatMap { sum in
      [Int](repeating: (2 * sum.channels + 1) * perNumber, count: sum.norms)
    }
  }
}

extension KernelTimes {
  fileprivate func convolution(_ geometry: ConvolutionGeometry) -> Convolution? {
    convolutions.first {
      $0.kernel == geometry.kernelHeight && $0.stride == geometry.stride
        && $0.inputChannels == geometry.inputChannels
        && $0.outputChannels == geometry.outputChannels
        && $0.outputHeight == geometry.outputHeight && $0.outputWidth == geometry.outputWidth
    }
  }

  fileprivate func activation(_ sum: NetworkInventory.Sum) -> Activation? {
    activations.first {
      $0.height == sum.height && $0.width == sum.width && $0.channels == sum.channels
        && $0.other == sum.other
    }
  }

  fileprivate func pooling(_ pooling: NetworkInventory.Pooling) -> Pooling? {
    poolings.first {
      $0.kind == pooling.kind && $0.height == pooling.input.height
        && $0.channels == pooling.input.channels
    }
  }
}
