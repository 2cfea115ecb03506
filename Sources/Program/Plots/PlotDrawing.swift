/// The elements of one plot, placed in pixels.
struct PlotDrawing {
  private static let characterWidth = 7.0
  private static let legendRow = 18.0
  private static let imageHeight = 84.0

  let width = 420.0
  let height: Double
  private(set) var elements: [String] = []
  let plot: Plot
  let x: AxisRange
  let y: AxisRange
  private let left: Double
  let right: Double
  private let top: Double
  private let bottom: Double

  init(_ plot: Plot) {
    self.plot = plot
    let legend = Self.legendRows(plot.legend, width: width)
    top = 10 + Self.legendRow * Double(legend.count) + (plot.heatMap == nil ? 0 : 34)
    let bodyHeight = Self.bodyHeight(plot)
    bottom = top + bodyHeight
    let bodyTicks = Int(bodyHeight / 40)
    let provisional = AxisRange(
      plot.y, values: plot.yValues, from: bottom, to: top, most: bodyTicks)
    let widest = provisional.ticks.map { Double($0.text.count) }.max() ?? 0
    left = min(30 + Self.characterWidth * widest, 0.45 * width)
    right = width - 14
    // Cells fill the frame.
    let margin = plot.heatMap == nil ? 0.04 : 0
    // Images are read from the top.
    let (start, end) = plot.imageGrid == nil ? (bottom, top) : (top, bottom)
    y = AxisRange(
      plot.y, values: plot.yValues, from: start, to: end, most: bodyTicks, margin: margin)
    x = AxisRange(
      plot.x, values: plot.xValues, from: left, to: right, most: 6, margin: margin)
    height = bottom + 46
    drawLegend(legend)
    drawAxes()
    switch plot.marks {
    case .lines(let lines): lines.forEach { draw($0) }
    case .bars(let groups): groups.forEach { draw($0) }
    case .cells(let map): draw(map)
    case .images(let grid): draw(grid)
    }
  }

  /// Pixels between the ends of the y axis.
  private static func bodyHeight(_ plot: Plot) -> Double {
    switch (plot.marks, plot.y.scale) {
    case (.images(let grid), _): min(imageHeight * Double(max(grid.cells.count, 1)), 900)
    case (_, .categories(let names)): min(max(15 * Double(names.count), 60), 900)
    // Both axes of a plane have one unit, so its cells are squares.
    case (.cells(let map), _) where map.rows != nil: 330
    default: 210
    }
  }

  // MARK: Axes and legend

  private mutating func drawAxes() {
    // Names below the axis that would touch are left out, evenly.
    let longest = x.ticks.map { Double($0.text.count) }.max() ?? 1
    let room = max(1, Int((right - left) / (Self.characterWidth * longest + 8)))
    let stride = max(1, (x.ticks.count + room - 1) / room)
    for (index, tick) in x.ticks.enumerated() {
      let place = x(tick.value)
      if hasGrid {
        add("<line class=\"grid\" \(Self.ends(place, top, place, bottom))/>")
      }
      if index % stride == 0 {
        text(tick.text, place, bottom + 16, "tick", anchor: "middle")
      }
    }
    for tick in y.ticks {
      let place = y(tick.value)
      if hasGrid {
        add("<line class=\"grid\" \(Self.ends(left, place, right, place))/>")
      }
      let most = Int((left - 30) / Self.characterWidth)
      let shown = tick.text.count > most ? "…" + tick.text.suffix(max(most - 1, 1)) : tick.text
      text(shown, left - 6, place + 4, "tick", anchor: "end")
    }
    add("<line class=\"axis\" \(Self.ends(left, bottom, right, bottom))/>")
    add("<line class=\"axis\" \(Self.ends(left, top, left, bottom))/>")
    text(plot.x.label, (left + right) / 2, bottom + 37, "label x", anchor: "middle")
    let middle = NumberText.coordinate((top + bottom) / 2)
    add(
      "<text class=\"label y\" text-anchor=\"middle\" transform=\"translate(14 \(middle)) "
        + "rotate(-90)\">\(Markup.escaped(plot.y.label))</text>")
  }

  /// Whether lines lead from the ticks through the plot, which cells and images would cover.
  private var hasGrid: Bool {
    switch plot.marks {
    case .lines, .bars: true
    case .cells, .images: false
    }
  }

  private static func legendRows(
    _ entries: [(name: String, style: MarkStyle)], width: Double
  ) -> [[(name: String, style: MarkStyle)]] {
    guard entries.count > 1 else { return [] }
    var rows: [[(name: String, style: MarkStyle)]] = [[]]
    var used = 0.0
    for entry in entries {
      let needed = 38 + characterWidth * Double(entry.name.count)
      if used > 0 && used + needed > width - 20 {
        rows.append([])
        used = 0
      }
      rows[rows.count - 1].append(entry)
      used += needed
    }
    return rows
  }

  private mutating func drawLegend(_ rows: [[(name: String, style: MarkStyle)]]) {
    for (index, row) in rows.enumerated() {
      var place = 12.0
      let height = 16 + Self.legendRow * Double(index)
      for entry in row {
        add(
          "<line class=\"line \(entry.style.cssClass)\" "
            + "\(Self.ends(place, height - 4, place + 22, height - 4))/>")
        text(entry.name, place + 27, height, "legend", anchor: "start")
        place += 38 + Self.characterWidth * Double(entry.name.count)
      }
    }
  }

  // MARK: Marks

  private mutating func draw(_ line: Line) {
    let shown = line.points.filter { plot.x.shows($0.x) && plot.y.shows($0.y) }
    let places = shown.map { (x($0.x), y($0.y)) }
    let bounded = shown.filter { $0.interval != nil }
    if !bounded.isEmpty {
      func edge(_ points: [Line.Point], _ end: (ClosedRange<Double>) -> Double) -> [String] {
        points.compactMap { point in
          point.interval.map { range in
            // An interval that reaches beyond the scale ends at the frame.
            let value = min(max(end(range), y.lower), y.upper)
            return Self.pair(x(point.x), y(value))
          }
        }
      }
      let outline = edge(bounded, \.upperBound) + edge(bounded.reversed(), \.lowerBound)
      add(
        "<polygon class=\"band \(line.style.cssClass)\" points=\""
          + "\(outline.joined(separator: " "))\"/>")
    }
    if places.count > 1 {
      let path = places.map { Self.pair($0.0, $0.1) }.joined(separator: " ")
      add("<polyline class=\"line \(line.style.cssClass)\" points=\"\(path)\"/>")
    }
    // Points of a crowded line appear only while they are pointed at.
    let quiet = shown.count > 40 ? " quiet" : ""
    for (point, place) in zip(shown, places) {
      let range = point.interval.map {
        " (\(NumberText.short($0.lowerBound))–\(NumberText.short($0.upperBound)))"
      }
      let words =
        "\(line.name): \(plot.x.title) \(plot.x.text(point.x)), \(plot.y.title) "
        + "\(plot.y.text(point.y))\(range ?? "")"
      add(
        "<circle class=\"mark point\(quiet) \(line.style.cssClass)\" "
          + "cx=\"\(NumberText.coordinate(place.0))\" cy=\"\(NumberText.coordinate(place.1))\" "
          + "r=\"3.2\" \(Self.tip(words))/>")
    }
  }

  private mutating func draw(_ group: Bars) {
    for bar in group.bars where plot.x.shows(bar.lower) && plot.x.shows(bar.upper) {
      let (from, to) = (x(bar.lower), x(bar.upper))
      let (high, low) = (y(bar.height), y(max(y.lower, 0)))
      var place = plot.x.text((bar.lower + bar.upper) / 2)
      if case .categories = plot.x.scale {
      } else {
        place = "\(plot.x.title) \(NumberText.short(bar.lower))–\(NumberText.short(bar.upper))"
      }
      add(
        "<rect class=\"mark bar \(group.style.cssClass)\" "
          + Self.box(min(from, to), min(high, low), max(abs(to - from), 1), abs(low - high))
          + Self.tip("\(group.name): \(place), \(plot.y.title) \(plot.y.text(bar.height))") + "/>")
    }
  }

  // MARK: Elements

  mutating func add(_ element: String) { elements.append(element) }

  mutating func text(
    _ text: String, _ x: Double, _ y: Double, _ style: String, anchor: String
  ) {
    add(
      "<text class=\"\(style)\" x=\"\(NumberText.coordinate(x))\" "
        + "y=\"\(NumberText.coordinate(y))\" text-anchor=\"\(anchor)\">"
        + "\(Markup.escaped(text))</text>")
  }

  private static func pair(_ x: Double, _ y: Double) -> String {
    "\(NumberText.coordinate(x)),\(NumberText.coordinate(y))"
  }

  private static func ends(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double) -> String {
    zip(["x1", "y1", "x2", "y2"], [x1, y1, x2, y2])
      .map { "\($0)=\"\(NumberText.coordinate($1))\"" }.joined(separator: " ")
  }

  static func box(
    _ x: Double, _ y: Double, _ width: Double, _ height: Double
  ) -> String {
    zip(["x", "y", "width", "height"], [x, y, width, height])
      .map { "\($0)=\"\(NumberText.coordinate($1))\" " }.joined()
  }

  static func tip(_ words: String) -> String { "data-t=\"\(Markup.escaped(words))\"" }
}
