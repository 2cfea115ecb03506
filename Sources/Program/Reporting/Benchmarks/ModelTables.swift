import Benchmarks
import Training

extension ModelledStep {
  var tables: String {
    ([here, assumptions] + ScalingPrediction.Batch.allCases.map(table))
      .joined(separator: "\n\n")
  }

  private var here: String {
    var table = TextTable(header: [
      "a step here, \(ranks) rank\(ranks == 1 ? "" : "s"), ms", "predicted", "measured",
    ])
    func append(_ name: String, _ predicted: Double, _ measured: Double) {
      table.append([name, Rate.milliseconds(predicted), Rate.milliseconds(measured)])
    }
    append("whole", predicted.total, measuredSeconds)
    append("  computing", predicted.computing, measured.computing)
    let exposed = predicted.total - predicted.computing - predicted.otherSums
    append("  gradients' sums, exposed", exposed, measured.gradients)
    append("  batch norm's sums", predicted.otherSums, measured.batchNorm)
    let off = 100 * (predicted.total / measuredSeconds - 1)
    let error = """
      the prediction is \(TextTable.number(abs(off))) % \(off < 0 ? "below" : "above") what was measured
      (predicted sums are those of the fit; measured ones contain waiting for ranks that come later, and were
      timed in steps with a clock at each layer, as computing was, which the prediction takes from there)
      """
    guard let fit else { return "\(table.text)\n\(error); one rank: nothing to sum" }
    let link =
      link.map {
        "\nlike a link of \(Rate.microseconds($0.latency)) µs and \(Rate.giga($0.bandwidth)) GB/s"
      } ?? ""
    return "\(table.text)\n\(error)\nsums here, \(fit.line)\(link)"
  }

  private var assumptions: String {
    let latencies = AssumedLink.all.map {
      "\($0.name): \(TextTable.number($0.link.latency * 1e6)) µs"
    }
    return """
      Below, everything is PREDICTED and nothing measured but the computing: every rank has a core like \
      this and a
      link of its own, latencies are assumed (\(latencies.joined(separator: ", "))), sums go by ring or
      doubling, whichever is faster.
      """
  }

  private func table(_ batch: ScalingPrediction.Batch) -> String {
    let rows = predictions.filter { $0.batch == batch }
    let title =
      batch == .perRank
      ? "PREDICTED efficiency, samples per rank as here"
      : "PREDICTED efficiency, global batch as here"
    guard !rows.isEmpty else { return "\(title): the batch has fewer samples than 8 ranks" }
    var links: [String] = []
    for row in rows where !links.contains(row.link) { links.append(row.link) }
    let columns = links.flatMap { link in
      GradientPlan.Strategy.allCases.map { (link, $0) }
    }
    var table = TextTable(
      header: ["ranks"] + columns.map { "\($0), \($1.rawValue)" })
    for ranks in ScalingPrediction.ranks {
      let cells = columns.compactMap { link, strategy in
        rows.first { $0.ranks == ranks && $0.link == link && $0.strategy == strategy }
      }
      guard !cells.isEmpty else { continue }
      table.append(["\(ranks)"] + cells.map { Rate.percent($0.efficiency, of: 1) })
    }
    return "\(title)\n\(table.text)"
  }
}
