/// A plot: axes and marks of one kind, which are drawn as SVG and listed as a table.
public struct Plot: Sendable, Equatable {
  public enum Marks: Sendable, Equatable {
    case lines([Line])
    case bars([Bars])
    case cells(HeatMap)
    case images(ImageGrid)
  }

  public let title: String
  /// Words below the plot; nil where the title says everything.
  public let note: String?
  public let x: Axis
  public let y: Axis
  public let marks: Marks

  public init(_ title: String, x: Axis, y: Axis, note: String? = nil, _ marks: Marks) {
    self.title = title
    self.note = note
    self.x = x
    self.y = y
    self.marks = marks
  }

  /// Whether there is nothing to draw.
  public var isEmpty: Bool {
    switch marks {
    case .lines(let lines):
      !lines.contains { $0.points.contains { x.shows($0.x) && y.shows($0.y) } }
    case .bars(let groups): !groups.contains { !$0.bars.isEmpty }
    case .cells(let map): !map.values.contains { $0.contains { $0 != nil } }
    case .images(let grid): !grid.cells.contains { $0.contains { $0 != nil } }
    }
  }

  /// Name of a file for the plot: the title in small letters, digits and dashes.
  public var fileName: String {
    let words = title.lowercased().split { !($0.isASCII && ($0.isLetter || $0.isNumber)) }
    return words.isEmpty ? "plot" : words.joined(separator: "-")
  }
}

/// How a mark looks: its color, and the dashes of its line.
public struct MarkStyle: Sendable, Equatable {
  /// Dashes tell lines apart in print and by readers who see no colors.
  public enum Dash: Int, Sendable, Equatable, CaseIterable { case solid, dashed, dotted, mixed }

  /// Index in the palette; nil for the gray of references.
  public let color: Int?
  public let dash: Dash

  public init(color: Int?, dash: Dash = .solid) {
    self.color = color
    self.dash = dash
  }

  var cssClass: String {
    (color.map { "c\($0 % PlotStyle.colors)" } ?? "cr") + " d\(dash.rawValue)"
  }
}

/// Points in the order of x, joined by a line; intervals make a band around it.
public struct Line: Sendable, Equatable {
  public struct Point: Sendable, Equatable {
    public let x: Double
    public let y: Double
    public let interval: ClosedRange<Double>?

    public init(_ x: Double, _ y: Double, interval: ClosedRange<Double>? = nil) {
      self.x = x
      self.y = y
      self.interval = interval
    }
  }

  /// Number of points that a plot of this size can show.
  private static let most = 400

  public let name: String
  public let style: MarkStyle
  public let points: [Point]

  /// - Parameter points: of more than four hundred, evenly spaced ones are kept.
  public init(_ name: String, _ style: MarkStyle, _ points: [Point]) {
    self.name = name
    self.style = style
    let stride = (points.count + Self.most - 1) / Self.most
    self.points =
      stride <= 1
      ? points
      : points.enumerated().filter {
        $0.offset % stride == 0 || $0.offset == points.count - 1
      }.map(\.element)
  }
}

/// Bars of one series: each from a lower to an upper value of x.
public struct Bars: Sendable, Equatable {
  public struct Bar: Sendable, Equatable {
    public let lower: Double
    public let upper: Double
    public let height: Double

    public init(_ lower: Double, _ upper: Double, height: Double) {
      self.lower = lower
      self.upper = upper
      self.height = height
    }
  }

  public let name: String
  public let style: MarkStyle
  public let bars: [Bar]

  public init(_ name: String, _ style: MarkStyle, _ bars: [Bar]) {
    self.name = name
    self.style = style
    self.bars = bars
  }
}
