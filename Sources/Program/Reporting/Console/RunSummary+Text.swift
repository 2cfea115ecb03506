import Training

extension RunSummary {
  /// The run before its first step, in four lines.
  var text: String {
    let network = architecture
    return """
      run \(run): \(ranks), \
      \(trainSamples) training and \(testSamples) test images of \
      \(network.height)×\(network.width)×\(network.channels), \(network.classes) classes
      \(trainedParameters) trained parameters, plan \(ConsoleProgress.mebibytes(planBytes)) MiB \
      per \(threads.allSatisfy { $0 == 1 } ? "rank" : "thread"), \
      data \(ConsoleProgress.mebibytes(dataBytes)) MiB
      \(gradientBuckets) gradient bucket\(gradientBuckets == 1 ? "" : "s"), \
      \(ConsoleProgress.mebibytes(reducedBytes)) MiB per step\
      \(sumOrder == .reproducible ? ", summed reproducibly" : "")\
      \(Self.reason(for: gradientChoice))
      \(epochs) epoch\(epochs == 1 ? "" : "s") of \(stepsPerEpoch) \
      step\(stepsPerEpoch == 1 ? "" : "s"), batch \(batchSize) over \
      all ranks\(resumedAt > 0 ? ", resumed after step \(resumedAt)" : "")
      """
  }

  /// Returns the plan for summing gradients and the reason why it was chosen.
  private static func reason(for choice: GradientChoice) -> String {
    let plan = choice.plan
    let size = ConsoleProgress.fixed(plan.bucketMegabytes, plan.bucketMegabytes < 1 ? 3 : 0)
    let name = ", \(plan.strategy.rawValue) in buckets of \(size) MiB"
    switch choice.reason {
    case .alone: return ""
    case .given: return "\(name) as the recipe says"
    case .onlyOne: return ", \(plan.strategy.rawValue): one bucket leaves no choice"
    case .shortRun: return "\(name): too few steps to measure others"
    case .stored: return "\(name) as settled at an earlier start"
    case .measured(let measurements):
      let times = measurements.map { "\($0.plan) \(milliseconds($0.seconds))" }
      return "\(name), by the time of a step:\n\(times.joined(separator: ", "))"
    }
  }

  /// "2 ranks", "2 ranks × 4 threads" or, on unequal nodes, "2 ranks, 6 threads".
  private var ranks: String {
    let ranks = "\(threads.count) rank\(threads.count == 1 ? "" : "s")"
    guard let most = threads.max(), most > 1 else { return ranks }
    return threads.allSatisfy { $0 == most }
      ? "\(ranks) × \(most) threads" : "\(ranks), \(threads.reduce(0, +)) threads"
  }

  static func milliseconds(_ seconds: Double) -> String {
    "\(ConsoleProgress.fixed(1000 * seconds, seconds < 0.1 ? 1 : 0)) ms"
  }
}
