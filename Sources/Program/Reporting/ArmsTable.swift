import Benchmarks

extension ArmTimes {
  var text: String {
    var table = TextTable(header: [
      "arm", "step, ms", "standard, ms", "over standard", "95 % of the median", "middle half",
      "windows", "plan, MiB",
    ])
    for row in rows {
      let ratios = row.overStandard
      table.append([
        row.arm.rawValue, Rate.milliseconds(row.seconds), Rate.milliseconds(row.standardSeconds),
        Rate.ratio(ratios.median),
        ratios.interval.map { Rate.range($0.low, $0.high) } ?? "–",
        Rate.range(ratios.middleHalf.low, ratios.middleHalf.high),
        "\(row.rounds) × \(row.steps)", TextTable.number(Double(row.memoryBytes) / 1_048_576),
      ])
    }
    return """
      \(ranks) rank\(ranks == 1 ? "" : "s"), batch \(globalBatch); gradients: \(plan)
      Each arm is timed in turn with the standard arm; the standard arm is compared with itself too.
      \(table.text)
      """
  }
}
