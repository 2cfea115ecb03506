import Benchmarks

extension AllreduceTimes {
  var tables: String {
    let how =
      transfer.isPointToPoint
      ? "point to point (a broadcast to the other rank and one back)"
      : "one to all (a broadcast to all ranks and one back), slower than point to point"
    return """
      \(ranks) ranks, \(processes == 1 ? "threads of one process" : "\(processes) processes"); link, \(how):
      \(Rate.giga(transfer.bandwidth)) GB/s, a byte in \(Rate.microseconds(transfer.latency)) µs
      bus = 2(n − 1)/n of the buffer, which every rank must send: at most the link's bandwidth
      started: a sum that does not block, awaited at once

      \(table("floats, bytes", sums))

      \(table("batch norm's doubles, bytes", normSums))\(fitLine)
      """
  }

  private func table(_ title: String, _ sums: [Sum]) -> String {
    var table = TextTable(header: [
      title, "µs", "started, µs", "algorithm, GB/s", "bus, GB/s", "of link",
    ])
    for sum in sums {
      table.append([
        "\(sum.bytes)", Rate.microseconds(sum.seconds),
        TextTable.number(sum.startedSeconds.map { $0 * 1e6 }), Rate.giga(sum.algorithmBandwidth),
        Rate.giga(sum.busBandwidth), Rate.percent(sum.busBandwidth, of: transfer.bandwidth),
      ])
    }
    return table.text
  }

  private var fitLine: String {
    guard let fit else { return "" }
    return "\n\n\(fit.line)" + (startedFit.map { "\nstarted, \($0.line)" } ?? "")
  }
}

extension AllreduceFit {
  var line: String {
    let bandwidth = secondsPerByte > 0 ? "\(Rate.giga(1 / secondsPerByte)) GB/s" : "no limit"
    return "fitted: \(Rate.microseconds(latency)) µs + bytes/(\(bandwidth)), "
      + "off by \(Int((100 * largestError).rounded())) % at most"
  }
}
