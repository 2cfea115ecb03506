import Foundation
import FoundationXML
import Plots
import Testing

/// Plots as SVG and as tables.
@Suite struct PlotTests {
  private static let lines = Plot(
    "Loss <of> steps", x: Axis("step"), y: Axis("loss", unit: "nats", .logarithmic),
    .lines([
      Line(
        "a & b", MarkStyle(color: 0),
        [.init(1, 2.5), .init(2, 0), .init(3, .nan), .init(4, 0.5, interval: -1...1)]),
      Line("c", MarkStyle(color: 1, dash: .dotted), [.init(1, 3)]),
    ]))
  private static let bars = Plot(
    "Parts", x: Axis("part", .categories(["x", "y"])), y: Axis("time", unit: "ms", .fromZero),
    .bars([
      Bars(
        "run", MarkStyle(color: 2), [.init(-0.4, 0.4, height: 3), .init(0.6, 1.4, height: 4)])
    ]))
  private static let cells = Plot(
    "Layers", x: Axis("epoch"), y: Axis("layer", .categories(["l1", "l2"])),
    .cells(HeatMap(Axis("β"), columns: [1, 2, 3], values: [[1, 2, nil], [3, 4, 5]])))

  private static let plane = Plot(
    "Plane", x: Axis("a", unit: "L2"), y: Axis("b", unit: "L2"),
    .cells(
      HeatMap(
        Axis("f"), columns: [-1, 0, 1], rows: [-1, 0, 1],
        values: [[1, 2, 3], [4, 5, 6], [7, 8, 9]], colors: 0...20)))
  private static let images = Plot(
    "Images", x: Axis("pixels", .categories(["image", "gradient"])),
    y: Axis("sample", .categories(["0", "1"])),
    .images(
      ImageGrid(
        (0..<2).map { row in
          (0..<2).map { ImageGrid.Cell(png: "iVBORw0KGgo=", words: "\(row), \($0)") }
        })))

  @Test(
    "an SVG is XML with the labels and units of both axes",
    arguments: [lines, bars, cells, plane, images])
  func elements(of plot: Plot) throws {
    let document = try XMLDocument(xmlString: plot.svg(.standalone))
    let labels = try document.nodes(forXPath: "//*[contains(@class,'label')]").map(\.stringValue)
    #expect(labels == [plot.x.label, plot.y.label])
    let marks = try document.nodes(forXPath: "//*[contains(@class,'mark')]/@data-t")
    let expected = [
      Self.lines.title: 3, Self.bars.title: 2, Self.cells.title: 6, Self.plane.title: 9,
      Self.images.title: 4,
    ]
    #expect(marks.count == expected[plot.title], "\(marks)")
    #expect(!plot.svg().contains("nan") && !plot.svg().contains("inf"))
  }

  @Test("a mark says its numbers with their units")
  func words() throws {
    let svg = Self.lines.svg()
    #expect(svg.contains("data-t=\"a &amp; b: step 1, loss 2.5 nats\""))
    #expect(svg.contains("data-t=\"a &amp; b: step 4, loss 0.5 nats (-1–1)\""))
    #expect(Self.cells.svg().contains("data-t=\"l1, epoch 3: not measured\""))
    #expect(Self.bars.svg().contains("data-t=\"run: y, time 4 ms\""))
    #expect(Self.plane.svg().contains("data-t=\"b 1 L2, a -1 L2: f 7\""))
    #expect(ImageGrid.Cell(png: "\">", words: "") == nil)
  }

  @Test("a table has a row per place and a column per series")
  func table() {
    #expect(Self.lines.table.header == ["step", "a & b: loss, nats", "c: loss, nats"])
    #expect(Self.lines.table.rows[0] == ["1", "2.5", "3"])
    #expect(Self.lines.table.rows[3] == ["4", "0.5 (-1–1)", "–"])
    #expect(Self.cells.table.rows[2] == ["3", "–", "5"])
    #expect(Self.plane.table.header == ["a, L2", "b -1 L2", "b 0 L2", "b 1 L2"])
    #expect(Self.images.table.rows[1] == ["1", "1, 0", "1, 1"])
  }

  @Test("long series are thinned, and keep their ends")
  func thinning() {
    let line = Line("l", MarkStyle(color: 0), (0..<100_000).map { .init(Double($0), 1) })
    #expect(line.points.count <= 401)
    #expect(line.points.first?.x == 0 && line.points.last?.x == 99_999)
    let map = HeatMap(
      Axis("v"), columns: (0..<1000).map(Double.init), values: [(0..<1000).map(Double.init)])
    #expect(map.columns.count <= 41 && map.values[0].count == map.columns.count)
  }

  @Test("a plot without a value that its scales show is empty")
  func empty() {
    let zeros = Plot(
      "z", x: Axis("x"), y: Axis("y", .logarithmic),
      .lines([Line("l", MarkStyle(color: 0), [.init(1, 0)])]))
    #expect(zeros.isEmpty && !Self.lines.isEmpty && !Self.bars.isEmpty && !Self.cells.isEmpty)
  }

  @Test("text of markup loses control characters")
  func escaping() {
    #expect(Markup.escaped("<a b='\u{1B}[1m'>&\"") == "&lt;a b=&#39;[1m&#39;&gt;&amp;&quot;")
  }

  /// Relative luminance and contrast as WCAG 2.1 defines them.
  @Test("text has a contrast of 4.5 and lines one of 3, in both themes")
  func contrast() throws {
    for theme in [PlotStyle.lightVariables, PlotStyle.darkVariables] {
      let pairs = theme.split(separator: ";").map { $0.split(separator: ":") }
      let colors = Dictionary(uniqueKeysWithValues: pairs.map { (String($0[0]), String($0[1])) })
      let background = try #require(colors["--background"])
      for (name, color) in colors where name != "--background" && name != "--grid" {
        let least = name == "--text" || name == "--muted" ? 4.5 : 3
        #expect(Self.contrast(color, background) >= least, "\(name) \(color) on \(background)")
      }
    }
  }

  private static func contrast(_ a: String, _ b: String) -> Double {
    let (high, low) = (max(luminance(a), luminance(b)), min(luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)
  }

  private static func luminance(_ color: String) -> Double {
    let value = Int(color.dropFirst(), radix: 16) ?? 0
    let parts = [value >> 16, value >> 8 & 255, value & 255].map { part -> Double in
      let share = Double(part) / 255
      return share <= 0.03928 ? share / 12.92 : pow((share + 0.055) / 1.055, 2.4)
    }
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]
  }
}
