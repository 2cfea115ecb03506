import Benchmarks

/// Formats of rates, times and shares.
enum Rate {
  static func giga(_ perSecond: Double) -> String { TextTable.number(perSecond / 1e9) }

  static func milliseconds(_ seconds: Double) -> String { TextTable.number(seconds * 1e3) }

  static func microseconds(_ seconds: Double) -> String { TextTable.number(seconds * 1e6) }

  /// A share in whole percent; a dash if the whole is 0.
  static func percent(_ part: Double, of whole: Double) -> String {
    whole > 0 ? "\(Int((100 * part / whole).rounded())) %" : "–"
  }

  /// A share with four decimals of a percent.
  static func finePercent(_ share: Double) -> String { String(format: "%.4f %%", 100 * share) }

  static func fineRatio(_ value: Double) -> String { String(format: "%.4f", value) }

  static func range(_ bounds: PairedRatios.Bounds) -> String {
    "\(fineRatio(bounds.low))–\(fineRatio(bounds.high))"
  }
}

extension CorePeaks {
  /// One line with the peaks, for the heads of tables that are compared with them.
  var line: String {
    "peaks of a core: \(Rate.giga(multiplyAdd)) GFLOP/s\(pairs); memory \(Rate.giga(bandwidth)) GB/s"
  }

  private var pairs: String {
    pairMultiplyAdd.map { ", of bfloat16 pairs \(Rate.giga($0))" } ?? ""
  }

  /// Memory bandwidth in bytes per second: the fastest of the three loops.
  var bandwidth: Double { max(read, copy, triad) }

  var table: String {
    var table = TextTable(header: ["a core at most", "", "of peak"])
    table.append(["multiply-adds in registers, GFLOP/s", Rate.giga(multiplyAdd)])
    table.append([
      "products of bfloat16 pairs in registers, GFLOP/s", pairMultiplyAdd.map(Rate.giga) ?? "none",
    ])
    table.append(["memory, read, GB/s", Rate.giga(read)])
    table.append(["memory, copy, GB/s", Rate.giga(copy)])
    table.append(["memory, triad, GB/s", Rate.giga(triad)])
    table.append(["first touch of \(pageBytes) bytes, µs", Rate.microseconds(pageFault)])
    for product in products {
      table.append([
        "sgemm [\(product.rows), \(product.inner)]·[\(product.inner), \(product.columns)], GFLOP/s",
        Rate.giga(product.operations), Rate.percent(product.operations, of: multiplyAdd),
      ])
    }
    return "vectors: \(vectors); OpenBLAS's kernels: \(blasCore)\n\(table.text)"
  }
}
