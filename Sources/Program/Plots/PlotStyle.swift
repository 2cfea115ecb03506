/// Colors and fonts of plots, as a style sheet for pages and for files of their own.
///
/// Text has a contrast of at least 4.5 : 1 against the background, in both themes, and lines of at
/// least 3 : 1.
public enum PlotStyle {
  private static let light = [
    "#0b62c4", "#b4470a", "#15803d", "#7c3aed", "#b91c1c", "#0e7490", "#8a5a00", "#be185d",
  ]
  private static let dark = [
    "#6cb2ff", "#ff9f5a", "#5fd38a", "#b99cff", "#ff8a8a", "#4fd1e0", "#e8c04a", "#ff8ac4",
  ]

  /// Number of colors that differ.
  static let colors = light.count

  /// Colors as variables of the light theme.
  public static let lightVariables = variables(
    light, text: "#1b1f24", muted: "#57606a", grid: "#d8dee4", background: "#ffffff")

  /// Colors as variables of the dark theme.
  public static let darkVariables = variables(
    dark, text: "#e6edf3", muted: "#9aa7b4", grid: "#30363d", background: "#14181d")

  /// Rules for the elements of a plot; they need the variables.
  public static let rules = """
    svg.plot{font:13px system-ui,"DejaVu Sans",sans-serif;background:var(--background)}
    svg.plot text{fill:var(--text)}
    svg.plot .tick{fill:var(--muted);font-size:12px}
    svg.plot .grid{stroke:var(--grid);stroke-width:1}
    svg.plot .axis{stroke:var(--muted);stroke-width:1}
    svg.plot .line{fill:none;stroke:var(--color);stroke-width:2;stroke-linejoin:round}
    svg.plot .band{fill:var(--color);opacity:.18;stroke:none}
    svg.plot .point{fill:var(--color);stroke:none}
    svg.plot .quiet{fill-opacity:0}
    svg.plot .bar{fill:var(--color);fill-opacity:.45;stroke:var(--color);stroke-width:1}
    svg.plot .cell{shape-rendering:crispEdges}
    svg.plot .none{fill:var(--grid)}
    svg.plot .pixels{image-rendering:pixelated}
    svg.plot .frame{fill:none;pointer-events:all;stroke:var(--grid);stroke-width:1}
    svg.plot .d1{stroke-dasharray:7 3}
    svg.plot .d2{stroke-dasharray:2 3}
    svg.plot .d3{stroke-dasharray:8 3 2 3}
    svg.plot .point,svg.plot .bar{stroke-dasharray:none}
    .cr{--color:var(--muted)}
    \((0..<light.count).map { ".c\($0){--color:var(--c\($0))}" }.joined(separator: "\n"))
    """

  /// The style sheet of a file that holds one plot: the light theme.
  static let standalone = "svg.plot{\(lightVariables)}\n\(rules)"

  private static func variables(
    _ palette: [String], text: String, muted: String, grid: String, background: String
  ) -> String {
    let colors = palette.enumerated().map { "--c\($0.offset):\($0.element)" }
    return
      (["--text:\(text)", "--muted:\(muted)", "--grid:\(grid)", "--background:\(background)"]
      + colors).joined(separator: ";")
  }

  /// Color of a share from 0 to 1 in a heat map: dark blue over green to yellow (viridis).
  ///
  /// - Source: Smith and van der Walt, matplotlib's viridis, 2015; eight of its colors.
  static func heat(_ share: Double) -> String {
    let stops: [(Double, Double, Double)] = [
      (68, 1, 84), (70, 50, 126), (54, 92, 141), (39, 127, 142), (31, 161, 135), (74, 193, 109),
      (160, 218, 57), (253, 231, 37),
    ]
    let place = min(max(share, 0), 1) * Double(stops.count - 1)
    let index = min(Int(place), stops.count - 2)
    let (a, b, t) = (stops[index], stops[index + 1], place - Double(index))
    func mixed(_ from: Double, _ to: Double) -> String {
      let value = Int((from + (to - from) * t).rounded())
      return (value < 16 ? "0" : "") + String(value, radix: 16)
    }
    return "#\(mixed(a.0, b.0))\(mixed(a.1, b.1))\(mixed(a.2, b.2))"
  }
}
