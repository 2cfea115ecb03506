/// Heat maps and images.
extension PlotDrawing {
  mutating func draw(_ map: HeatMap) {
    let range = AxisRange(map.value, values: map.colored, from: 0, to: 1, most: 4)
    for (row, values) in map.values.enumerated() {
      let middle = map.place(ofRow: row)
      let (high, low) = (y(middle + map.halfHeight), y(middle - map.halfHeight))
      let name = map.rows == nil ? plot.y.text(middle) : "\(plot.y.title) \(plot.y.text(middle))"
      for (column, value) in values.enumerated() {
        let shown = value.flatMap { map.value.shows($0) ? $0 : nil }
        let fill = shown.map { "fill=\"\(PlotStyle.heat(range($0)))\" " } ?? ""
        let place = map.columns[column]
        let (start, end) = (x(place - map.halfWidth), x(place + map.halfWidth))
        let words =
          "\(name), \(plot.x.title) \(plot.x.text(place)): "
          + (value.map { "\(map.value.title) \(map.value.text($0))" } ?? "not measured")
        add(
          "<rect class=\"mark cell\(shown == nil ? " none" : "")\" \(fill)"
            + Self.box(
              start, min(high, low), end - start + 0.3, abs(low - high) + 0.3)
            + Self.tip(words) + "/>")
      }
    }
    drawColorScale(map, range)
  }

  /// The colors of a heat map and the numbers they stand for, above it.
  private mutating func drawColorScale(_ map: HeatMap, _ range: AxisRange) {
    let steps = 24
    let (start, end) = (width / 2, right)
    let step = (end - start) / Double(steps)
    for index in 0..<steps {
      add(
        "<rect fill=\"\(PlotStyle.heat((Double(index) + 0.5) / Double(steps)))\" "
          + Self.box(start + Double(index) * step, 8, step + 0.3, 10) + "/>")
    }
    text(map.value.label, start - 8, 17, "legend", anchor: "end")
    text(NumberText.short(range.lower), start, 32, "tick", anchor: "start")
    text(NumberText.short(range.upper), end, 32, "tick", anchor: "end")
  }

  mutating func draw(_ grid: ImageGrid) {
    for (row, cells) in grid.cells.enumerated() {
      let (high, low) = (y(Double(row) - 0.5), y(Double(row) + 0.5))
      for (column, cell) in cells.enumerated() {
        guard let cell else { continue }
        let (start, end) = (x(Double(column) - 0.5), x(Double(column) + 0.5))
        let side = min(end - start, low - high) - 6
        let box = Self.box(
          (start + end - side) / 2, (high + low - side) / 2, side, side)
        add("<image class=\"pixels\" href=\"data:image/png;base64,\(cell.png)\" \(box)/>")
        add("<rect class=\"mark frame\" \(box)\(Self.tip(cell.words))/>")
      }
    }
  }
}
