import Benchmarks

extension ReproducibleTimes {
  var text: String {
    var table = TextTable(header: ["", "step, ms", "computing, ms", "summed, MiB", "plan, MiB"])
    func append(_ name: String, _ step: Step) {
      table.append([
        name, Rate.milliseconds(step.seconds), Rate.milliseconds(step.computing),
        TextTable.number(Double(step.reducedBytes) / 1_048_576),
        TextTable.number(Double(step.memoryBytes) / 1_048_576),
      ])
    }
    append("fastest order", fastest)
    append("reproducible", reproducible)
    let sorted = ratios.sorted()
    let spread =
      sorted.count < 4
      ? ""
      : " (in half of the rounds \(TextTable.number(sorted[sorted.count / 4]))–"
        + "\(TextTable.number(sorted[sorted.count - 1 - sorted.count / 4])))"
    return """
      \(rounds) steps of each, in turn, gradients summed \(plan)
      \(table.text)
      the reproducible step takes \(TextTable.number(reproducible.seconds / fastest.seconds)) times as long\
      \(spread)
      """
  }
}
