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
      the prediction is \(TextTable.number(abs(off))) % \(off < 0 ? "below" : "above") the measured step
      (predicted sums come from the fit; measured sums include the wait for slower ranks; sums and
      computing were timed in steps with a timer at each layer)
      """
    guard let fit else { return "\(table.text)\n\(error); one rank: there is nothing to sum" }
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
      Everything below is PREDICTED; only the computing time was measured. The model assumes that every
      rank has a core like this one and a link of its own, these latencies: \(latencies.joined(separator: ", ")),
      and the faster one of ring and recursive doubling.
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
