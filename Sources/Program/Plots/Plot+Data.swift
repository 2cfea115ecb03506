extension Plot {
  var heatMap: HeatMap? {
    if case .cells(let map) = marks { map } else { nil }
  }

  var imageGrid: ImageGrid? {
    if case .images(let grid) = marks { grid } else { nil }
  }

  /// Names and styles of the series.
  var legend: [(name: String, style: MarkStyle)] {
    switch marks {
    case .lines(let lines): lines.map { ($0.name, $0.style) }
    case .bars(let groups): groups.map { ($0.name, $0.style) }
    case .cells, .images: []
    }
  }

  /// The values that the x axis must show.
  var xValues: [Double] {
    switch marks {
    case .lines(let lines): lines.flatMap { $0.points.map(\.x) }
    case .bars(let groups): groups.flatMap { $0.bars.flatMap { [$0.lower, $0.upper] } }
    case .cells(let map):
      [(map.columns.first ?? 0) - map.halfWidth, (map.columns.last ?? 0) + map.halfWidth]
    case .images: []
    }
  }

  /// The values that the y axis must show; of intervals only what the scale has a place for.
  var yValues: [Double] {
    switch marks {
    case .lines(let lines):
      lines.flatMap { line in
        line.points.flatMap { point in
          [point.y] + (point.interval.map { [$0.lowerBound, $0.upperBound] } ?? [])
        }
      }
    case .bars(let groups): groups.flatMap { $0.bars.map(\.height) }
    case .cells(let map):
      map.rows.map { [($0.first ?? 0) - map.halfHeight, ($0.last ?? 0) + map.halfHeight] } ?? []
    case .images: []
    }
  }

  /// The numbers of the plot as a table: names of the columns, then rows.
  public var table: (header: [String], rows: [[String]]) {
    switch marks {
    case .lines(let lines): lineTable(lines)
    case .bars(let groups):
      (
        ["", "\(x.label) from", "to", y.label],
        groups.flatMap { group in
          group.bars.map { bar in
            if case .categories = x.scale {
              return [
                group.name, x.text((bar.lower + bar.upper) / 2), "", NumberText.short(bar.height),
              ]
            }
            return [group.name] + [bar.lower, bar.upper, bar.height].map(NumberText.short)
          }
        }
      )
    case .cells(let map):
      (
        [x.label] + (map.rows.map { $0.map { "\(y.title) \(y.text($0))" } } ?? names(y)),
        map.columns.enumerated().map { column, value in
          [x.text(value)] + map.values.map { $0[column].map(NumberText.short) ?? "–" }
        }
      )
    case .images(let grid):
      (
        [y.label] + names(x),
        zip(names(y), grid.cells).map { name, cells in [name] + cells.map { $0?.words ?? "–" } }
      )
    }
  }

  private func names(_ axis: Axis) -> [String] {
    if case .categories(let names) = axis.scale { names } else { [] }
  }

  private func lineTable(_ lines: [Line]) -> (header: [String], rows: [[String]]) {
    let columns = lines.map { line in
      Dictionary(line.points.map { ($0.x, $0) }, uniquingKeysWith: { first, _ in first })
    }
    let places = Set(columns.flatMap(\.keys)).sorted()
    return (
      [x.label] + lines.map { "\($0.name): \(y.label)" },
      places.map { place in
        [x.text(place)]
          + columns.map { points in
            guard let point = points[place] else { return "–" }
            let range = point.interval.map {
              " (\(NumberText.short($0.lowerBound))–\(NumberText.short($0.upperBound)))"
            }
            return NumberText.short(point.y) + (range ?? "")
          }
      }
    )
  }
}
