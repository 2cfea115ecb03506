import Kernels
import Layers
import Training

/// Adds up what a traced step has done: by pass, by layer, by kernel, and as a timeline.
struct StepAccount {
  private let trace: StepTrace
  private let inventory: NetworkInventory
  private let buckets: [GradientReducer.Bucket]
  private let subject: BenchmarkSubject
  private let sweeps: [SweepPass]

  init(
    _ trace: StepTrace, inventory: NetworkInventory, buckets: [GradientReducer.Bucket],
    subject: BenchmarkSubject
  ) {
    self.trace = trace
    self.inventory = inventory
    self.buckets = buckets
    self.subject = subject
    sweeps = SweepPass.sweeps(penalizesGradient: subject.penalizesGradient)
  }

  private func seconds(_ pass: SweepPass, _ layer: Int? = nil) -> StepTrace.Seconds {
    trace.seconds[StepTrace.Place(pass: pass, layer: layer)] ?? StepTrace.Seconds()
  }

  private func layerPass(_ pass: SweepPass, _ layer: Int) -> StepProfile.Pass {
    let seconds = seconds(pass, layer)
    let work = inventory.blocks[layer].work(
      pass, samples: subject.samples, isFirst: layer == 0)
    return StepProfile.Pass(
      pass: pass, computing: seconds.computing, collectives: seconds.collectives,
      operations: work.operations, bytes: work.bytes)
  }

  var layers: [StepProfile.Layer] {
    inventory.blocks.enumerated().map { index, layer in
      StepProfile.Layer(name: layer.name, passes: sweeps.map { layerPass($0, index) })
    }
  }

  var passes: [StepProfile.Pass] {
    SweepPass.allCases.filter { $0.isOutsideLayers || sweeps.contains($0) }.map { pass in
      guard sweeps.contains(pass) else {
        let seconds = seconds(pass)
        return StepProfile.Pass(
          pass: pass, computing: seconds.computing, collectives: seconds.collectives,
          operations: 0, bytes: 0)
      }
      let layers = inventory.blocks.indices.map { layerPass(pass, $0) }
      return StepProfile.Pass(
        pass: pass, computing: layers.reduce(0) { $0 + $1.computing },
        collectives: layers.reduce(0) { $0 + $1.collectives },
        operations: layers.reduce(0) { $0 + $1.operations },
        bytes: layers.reduce(0) { $0 + $1.bytes })
    }
  }

  // MARK: - What the time is made of

  /// Kernels' times by themselves, as often as the step runs them; the rest is what they do not explain.
  func shares(_ kernels: KernelTimes) -> [StepProfile.Share] {
    var sums = StepShares()
    for sweep in sweeps {
      for (index, layer) in inventory.blocks.enumerated() {
        for geometry in layer.convolutions {
          guard let pass = sweep.convolutionPass(isFirst: index == 0) else { continue }
          sums.add(kernels.convolution(geometry), pass)
        }
        for (sum, pass) in layer.activationLoops(sweep) {
          sums.add(kernels.activation(sum), pass)
        }
        for pooling in layer.poolings { sums.add(kernels.pooling(pooling), sweep) }
      }
    }
    // Each pair of sweeps, there and back, transforms the weights in both orientations.
    for geometry in inventory.blocks.flatMap(\.convolutions) {
      let once = kernels.convolution(geometry)?.weightTransforms ?? 0
      sums.add(.winogradTransforms, seconds: Double(sweeps.count / 2) * once)
    }
    sums.add(.spectralNorms, seconds: kernels.weights.refresh + kernels.weights.pullBack)
    sums.add(
      .update, seconds: kernels.weights.update,
      Work(operations: 0, bytes: kernels.weights.updateBytes))
    sums.add(.collectives, seconds: passes.reduce(0) { $0 + $1.collectives })
    return sums.shares(of: passes.reduce(0) { $0 + $1.seconds })
  }

  // MARK: - The timeline

  /// What the step computes, and the sums over ranks that it waits for.
  var timeline: StepTimeline {
    var stages = [
      StepTimeline.Stage(seconds: seconds(.refresh).computing, scalesWithSamples: false)
    ]
    for (position, sweep) in sweeps.enumerated() {
      let isBackward = position % 2 == 1
      let order = Array(inventory.blocks.indices)
      for layer in isBackward ? order.reversed() : order {
        let bucket =
          position == sweeps.count - 1 ? buckets.first { $0.layer == layer }?.bytes : nil
        stages.append(
          StepTimeline.Stage(
            seconds: seconds(sweep, layer).computing, scalesWithSamples: true,
            sums: sums(sweep, layer), bucket: bucket))
      }
      if position == 0 {
        stages.append(
          StepTimeline.Stage(seconds: seconds(.loss).computing, scalesWithSamples: true))
      }
    }
    stages.append(
      StepTimeline.Stage(
        seconds: 0, scalesWithSamples: false, bucket: buckets.first { $0.layer == nil }?.bytes))
    return StepTimeline(
      stages: stages,
      tail: [.pullBack, .update].map {
        StepTimeline.Stage(seconds: seconds($0).computing, scalesWithSamples: false)
      })
  }

  /// Bytes of the batch norms' sums: two numbers per channel and a count, in double.
  private func sums(_ sweep: SweepPass, _ layer: Int) -> [Int] {
    guard subject.recipe.batchNorm == .global || sweep == .forward else { return [] }
    let perNumber =
      subject.recipe.reproducible ? 2 * MemoryLayout<Int64>.stride : MemoryLayout<Double>.stride
    return inventory.blocks[layer].sums.flatMap { sum in
      [Int](repeating: (2 * sum.channels + 1) * perNumber, count: sum.norms)
    }
  }
}

extension SweepPass {
  fileprivate var isOutsideLayers: Bool {
    switch self {
    case .refresh, .loss, .reduce, .pullBack, .update: true
    case .forward, .dataBackward, .forwardTangent, .backward, .backwardTangent: false
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
