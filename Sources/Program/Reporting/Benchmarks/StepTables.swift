import Benchmarks
import Training

extension StepBreakdown {
  func tables(_ machine: CorePeaks) -> String {
    [head, passTable(machine), layerTable, shareTable(machine)].joined(separator: "\n\n")
  }

  private var head: String {
    """
    \(ranks) rank\(ranks == 1 ? "" : "s"), batch \(globalBatch), \(samples) samples here: \
    \(TextTable.number(imagesPerSecond)) images/s
    step: \(Rate.milliseconds(seconds)) ms (median of \(steps), \
    \(Rate.milliseconds(fastest))–\(Rate.milliseconds(slowest))), \
    with a timer at each layer \(Rate.milliseconds(tracedSeconds)) ms
    gradients: \(plan), \(buckets) sum\(buckets == 1 ? "" : "s") of \(reducedBytes) bytes in all\(chosen)
    memory of the plan: \(memoryBytes / 1_048_576) MiB\(resident); page faults of rank 0 in \
    \(steps) steps: \(pageFaults)
    """
  }

  private var resident: String {
    residentBytes.map { ", resident memory of the process \($0 / 1_048_576) MiB" } ?? ""
  }

  private var chosen: String {
    guard !trials.isEmpty else { return "" }
    let times = trials.map { "\($0.plan) \(Rate.milliseconds($0.seconds)) ms" }
    return "; fastest step of each plan: " + times.joined(separator: ", ")
  }

  private func passTable(_ machine: CorePeaks) -> String {
    var table = TextTable(header: [
      "pass", "computing, ms", "collectives, ms", "of step", "GFLOP/s", "of peak", "GB/s",
    ])
    for pass in passes {
      var row = [
        pass.pass.words, Rate.milliseconds(pass.computing), Rate.milliseconds(pass.collectives),
        Rate.percent(pass.seconds, of: tracedSeconds),
      ]
      if pass.operations > 0 {
        let rate = pass.operations / pass.computing
        row += [
          Rate.giga(rate), Rate.percent(rate, of: machine.multiplyAdd(of: precision)),
          Rate.giga(pass.bytes / pass.computing),
        ]
      }
      table.append(row)
    }
    return "\(machine.line)\n\(table.text)"
  }

  private var layerTable: String {
    let sweeps = layers.first?.passes.map(\.pass) ?? []
    var table = TextTable(
      header: ["layer"] + sweeps.map { "\($0.words), ms" } + ["of step", "GFLOP/s", "GB/s"])
    for layer in layers {
      let computing = layer.passes.reduce(0) { $0 + $1.computing }
      table.append(
        [layer.name] + layer.passes.map { Rate.milliseconds($0.computing) } + [
          Rate.percent(computing, of: tracedSeconds),
          Rate.giga(layer.passes.reduce(0) { $0 + $1.operations } / computing),
          Rate.giga(layer.passes.reduce(0) { $0 + $1.bytes } / computing),
        ])
    }
    return table.text
  }

  /// Table of each part's time and the gap between it and the time at the peaks.
  private func shareTable(_ machine: CorePeaks) -> String {
    var table = TextTable(header: [
      "part of the step", "ms", "of step", "at the peaks, ms", "gap, ms", "of gap",
    ])
    func ideal(_ share: Share) -> Double {
      let peak = machine.multiplyAdd(of: share.part == .winogradProducts ? precision : .float32)
      return max(share.operations / peak, share.bytes / machine.bandwidth)
    }
    let gap = shares.reduce(0) { $0 + max($1.seconds - ideal($1), 0) }
    for share in shares {
      let lost = max(share.seconds - ideal(share), 0)
      table.append([
        share.part.words, Rate.milliseconds(share.seconds),
        Rate.percent(share.seconds, of: tracedSeconds), Rate.milliseconds(ideal(share)),
        Rate.milliseconds(lost), Rate.percent(lost, of: gap),
      ])
    }
    return """
      Time of a step by part. Kernels were timed alone, collectives in the step. The rest is the
      step's time minus all other parts; it is negative where kernels run faster in the step.
      \(table.text)
      """
  }
}

extension TracedPass {
  var words: String {
    switch self {
    case .refresh: "refresh"
    case .attackForward: "attack, forward"
    case .attackBackward: "attack, backward"
    case .attackMoves: "attack, moves"
    case .cureForward: "CURE, forward"
    case .cureBackward: "CURE, backward"
    case .cureForwardTangent: "CURE, forward tangent"
    case .cureBackwardTangent: "CURE, backward tangent"
    case .cureDifference: "CURE, difference"
    case .forward: "forward"
    case .loss: "input and loss"
    case .dataBackward: "data backward"
    case .forwardTangent: "forward tangent"
    case .backward: "backward"
    case .backwardTangent: "backward tangent"
    case .reduce: "reduce"
    case .pullBack: "pull-back"
    case .update: "update"
    }
  }
}

extension StepBreakdown.Share.Part {
  fileprivate var words: String {
    switch self {
    case .winogradProducts: "convolutions, Winograd's products"
    case .winogradTransforms: "convolutions, Winograd's transforms"
    case .loweredConvolutions: "convolutions, lowered (BLAS)"
    case .elementwise: "elementwise loops"
    case .statistics: "batch statistics"
    case .spectralNorms: "spectral norms and pull-back"
    case .update: "SGD update"
    case .collectives: "collectives"
    case .rest: "rest"
    }
  }
}
