import Plots

extension ReportSection {
  /// β, γ and norms: their ranges over epochs, and each layer's values as heat maps or bars.
  static func layers(_ runs: [RunRecord]) -> ReportSection {
    ReportSection(
      title: "Layers",
      text: """
        β is the sharpness of an activation, γ the Lipschitz factor of a batch norm, and ‖W‖ the \
        spectral norm of a convolution. Large values allow sharp bends. The surrogate bound is the \
        paper's product of them, which needs no data.
        """,
      plots: ranges(runs)
        + runs.enumerated().flatMap { heatMaps($0.element) + bars($0.element, $0.offset) })
  }

  private static func ranges(_ runs: [RunRecord]) -> [Plot] {
    func plot(_ title: String, _ symbol: String, _ key: String) -> Plot {
      let lines = runs.enumerated().map { index, run in
        Line(
          run.label, .run(index),
          (run.metrics?.epochs ?? []).compactMap { entry in
            guard let low = entry["\(key)/min"], let high = entry["\(key)/max"], low <= high else {
              return nil
            }
            return Line.Point(Double(entry.epoch), (low + high) / 2, interval: low...high)
          })
      }
      return Plot(
        title, x: .epoch, y: Axis("\(symbol) of all layers"),
        note: "The band reaches from the smallest to the largest layer.",
        .lines(lines.filter { !$0.points.isEmpty }))
    }
    let bounds = runs.enumerated().map { index, run in
      Line(
        run.label, .run(index),
        (run.metrics?.epochs ?? []).compactMap { entry in
          entry["surrogate-bound"].map { Line.Point(Double(entry.epoch), $0) }
        })
    }
    return [
      plot("Sharpness β", "β", "beta"), plot("Lipschitz factor γ", "γ", "gamma"),
      Plot(
        "Surrogate bound of curvature", x: .epoch, y: Axis("surrogate bound", .logarithmic),
        .lines(bounds.filter { !$0.points.isEmpty })),
    ]
  }

  /// Maps of layers over epochs, from the measurements of curvature during training.
  private static func heatMaps(_ run: RunRecord) -> [Plot] {
    let measurements = run.metrics?.measurements ?? []
    return [
      ("beta/", "", "β", "Sharpness β"), ("gamma/", "", "γ", "Lipschitz factor γ"),
      ("norm/", "/certified", "‖W‖ ≤", "Spectral norm"),
    ].compactMap { prefix, suffix, symbol, title in
      let keys = Set(
        measurements.flatMap(\.values.keys).filter {
          $0.hasPrefix(prefix) && $0.hasSuffix(suffix) && $0 != "\(prefix)min"
            && $0 != "\(prefix)max"
        }
      ).sorted { $0.localizedStandardCompare($1) == .orderedDescending }
      // A network without a learnt β has the same one everywhere.
      let values = Set(keys.flatMap { key in measurements.compactMap { $0[key] } })
      guard values.count > 1 else { return nil }
      let names = keys.map { String($0.dropFirst(prefix.count).dropLast(suffix.count)) }
      return Plot(
        "\(title) by layer, \(run.label)", x: .epoch, y: .layers(names),
        .cells(
          HeatMap(
            Axis(symbol), columns: measurements.map { Double($0.epoch) },
            values: keys.map { key in measurements.map { $0[key] } })))
    }
  }

  /// Bars of layers, from the run's certified bounds.
  private static func bars(_ run: RunRecord, _ index: Int) -> [Plot] {
    guard let layers = run.bound?.network.layers else { return [] }
    func plot(
      _ title: String, _ symbol: String, _ value: (BoundFile.Network.Layer) -> Double?
    ) -> Plot {
      let found = layers.compactMap { layer in value(layer).map { (layer.name, $0) } }
      return Plot(
        "\(title), \(run.label)",
        x: Axis("layer, in the order of the network", .categories(found.map(\.0))),
        y: Axis(symbol, .fromZero),
        .bars([
          Bars(
            run.label, MarkStyle(color: index),
            found.enumerated().map {
              Bars.Bar(Double($0.offset) - 0.4, Double($0.offset) + 0.4, height: $0.element.1)
            })
        ]))
    }
    return [
      plot("Certified norms", "‖A‖ ≤", \.certifiedNorm),
      plot("Terms of the surrogate bound", "term", \.surrogateTerm),
    ]
  }
}
