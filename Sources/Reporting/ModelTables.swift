import Benchmarks
import Training

extension ModelledStep {
  var tables: String {
    ([here, assumptions] + ScalingPrediction.Batch.allCases.map(table))
      .joined(separator: "\n\n")
  }

  private var here: String {
    var table = TextTable(header: ["a step here, \(ranks) rank\(ranks == 1 ? "" : "s")", "ms"])
    table.append(["measured", Rate.milliseconds(measuredSeconds)])
    table.append(["predicted", Rate.milliseconds(predicted.total)])
    table.append(["  computing, measured", Rate.milliseconds(predicted.computing)])
    table.append(["  sums of gradients, predicted", Rate.milliseconds(predicted.bucketSums)])
    table.append(["  batch norm's sums, predicted", Rate.milliseconds(predicted.otherSums)])
    let off = predicted.total / measuredSeconds - 1
    let error =
      "the prediction is off by \(TextTable.number(100 * off)) %"
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
