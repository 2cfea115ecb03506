import Benchmarks

extension KernelTimes {
  func tables(_ machine: CorePeaks) -> String {
    [
      "\(samples) samples; \(machine.line)", convolutionTable(machine), activationTable(machine),
      weightTable(machine),
    ].joined(separator: "\n\n")
  }

  private func convolutionTable(_ machine: CorePeaks) -> String {
    var table = TextTable(header: [
      "convolution", "times", "pass", "ms", "GFLOP/s", "of peak", "GB/s", "lowered, ms",
      "products, ms", "GFLOP/s", "of peak",
    ])
    for convolution in convolutions {
      for (index, pass) in convolution.passes.enumerated() {
        let rate = pass.operations / pass.seconds
        let peak = machine.multiplyAdd(of: convolution.isWinograd ? precision : .float32)
        var row = [
          index == 0 ? convolution.name : "", index == 0 ? "\(convolution.count)" : "",
          pass.pass.words,
          Rate.milliseconds(pass.seconds), Rate.giga(rate),
          Rate.percent(rate, of: peak), Rate.giga(pass.bytes / pass.seconds),
        ]
        if let products = pass.products {
          let rate = products.operations / products.seconds
          row += [
            TextTable.number(pass.lowered.map { $0 * 1e3 }), Rate.milliseconds(products.seconds),
            Rate.giga(rate), Rate.percent(rate, of: peak),
          ]
        } else {
          row += ["–", "–", "–", "–"]
        }
        table.append(row)
      }
      if convolution.isWinograd {
        table.append([
          "", "", "weights, both ways", Rate.milliseconds(convolution.weightTransforms),
        ])
      }
    }
    return """
      GFLOP/s by the direct count; where Winograd's algorithm runs, lowering beside it, and of its time
      the matrix products with their own, smaller count.
      \(table.text)
      """
  }

  private func activationTable(_ machine: CorePeaks) -> String {
    var table = TextTable(header: [
      "elementwise", "times", "loop", "ms", "GB/s", "of memory",
    ])
    func append(_ name: String, _ count: Int, _ loops: [(String, Double, Double)]) {
      for (index, (loop, seconds, bytes)) in loops.enumerated() {
        table.append([
          index == 0 ? name : "", index == 0 ? "\(count)" : "", loop, Rate.milliseconds(seconds),
          Rate.giga(bytes / seconds), Rate.percent(bytes / seconds, of: machine.bandwidth),
        ])
      }
    }
    for activation in activations {
      append(
        activation.name, activation.count,
        activation.passes.map { ($0.pass.words, $0.seconds, $0.bytes) })
    }
    for pooling in poolings {
      append(
        pooling.name, pooling.count,
        [
          ("forward", pooling.forward, pooling.bytes),
          ("backward", pooling.backward, pooling.bytes),
        ])
    }
    return "Above 100 % of memory the loop works in cache.\n\(table.text)"
  }

  private func weightTable(_ machine: CorePeaks) -> String {
    var table = TextTable(header: ["\(weights.parameters) parameters", "ms", "GB/s", "of memory"])
    table.append(["spectral norms, β, γ", Rate.milliseconds(weights.refresh)])
    table.append(["pull-back of gradients", Rate.milliseconds(weights.pullBack)])
    let rate = weights.updateBytes / weights.update
    table.append([
      "SGD update", Rate.milliseconds(weights.update), Rate.giga(rate),
      Rate.percent(rate, of: machine.bandwidth),
    ])
    return table.text
  }
}

extension KernelTimes.Convolution {
  fileprivate var name: String {
    "\(kernel)×\(kernel)\(stride > 1 ? "/\(stride)" : "") \(inputChannels)→\(outputChannels) "
      + "@ \(outputHeight)×\(outputWidth)"
  }
}

extension KernelTimes.Activation {
  fileprivate var name: String {
    let added =
      switch other {
      case .nothing: ""
      case .normalized: " + norm"
      case .scaled: " + edge"
      }
    return "norm\(added), activation \(height)×\(width)×\(channels)"
  }
}

extension KernelTimes.Pooling {
  fileprivate var name: String { "\(kind.rawValue) pooling \(height)×\(width)×\(channels)" }
}

extension ConvolutionPass {
  fileprivate var words: String {
    switch self {
    case .forward: "forward"
    case .dataGradient: "data gradient"
    case .weightGradient: "weight gradient"
    case .bothGradients: "both gradients"
    case .gradientTangents: "gradient tangents"
    case .weightGradientTangent: "weight's tangent"
    }
  }
}

extension ActivationPass {
  fileprivate var words: String {
    switch self {
    case .statistics: "statistics"
    case .forward: "forward"
    case .gradientSums: "gradient sums"
    case .backward: "backward"
    case .tangentStatistics: "tangent statistics"
    case .forwardTangent: "forward tangent"
    case .secondSums: "second sums"
    case .backwardTangent: "backward tangent"
    case .plainForward: "activation alone"
    case .plainBackward: "activation alone, backward"
    }
  }
}
