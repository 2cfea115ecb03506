import Benchmarks

extension OverlapTimes {
  var text: String {
    var table = TextTable(header: [
      "rank 0, medians, ms", "step", "computing", "gradients, exposed", "batch norm",
    ])
    for step in [blocking, nonblocking] {
      table.append(
        ["\(step.plan)"]
          + [step.seconds, step.computing, step.gradients, step.batchNorm].map(Rate.milliseconds))
    }
    return """
      \(rounds) steps of each plan in turn; a run would choose \(chosen)
      \(table.text)
      can be hidden: \(Rate.milliseconds(hideable)) ms, the smaller of two times: the sums of the \
      gradients (\(Rate.milliseconds(blocking.gradients)) ms, blocking)
      and the computing after the first gradients are known (\(Rate.milliseconds(backward)) ms)
      hidden: \(Rate.milliseconds(blocking.seconds - nonblocking.seconds)) ms, by which the whole \
      step is shorter: \(Rate.percent(share, of: 1))\(spread)
      """
  }

  /// Range of the hidden share in the middle half of the rounds; empty for fewer than four rounds.
  private var spread: String {
    let shares = hidden.sorted().map { $0 / hideable }
    guard shares.count >= 4 else { return "" }
    let (low, high) = (shares[shares.count / 4], shares[shares.count - 1 - shares.count / 4])
    return ", in half of the rounds \(Rate.percent(low, of: 1)) to \(Rate.percent(high, of: 1))"
  }
}
