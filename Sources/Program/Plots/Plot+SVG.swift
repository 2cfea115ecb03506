extension Plot {
  /// Where the file of a plot is shown.
  public enum Setting: Sendable {
    /// Within a page that has the rules of ``PlotStyle``.
    case page
    /// As a file of its own, with the rules of the light theme.
    case standalone
  }

  /// The plot as an SVG element, 420 pixels wide.
  ///
  /// Each mark carries its numbers in words, in `data-t`, for the tooltips of a page.
  public func svg(_ setting: Setting = .page) -> String {
    let drawing = PlotDrawing(self)
    let namespace = setting == .page ? "" : " xmlns=\"http://www.w3.org/2000/svg\""
    let style = setting == .page ? "" : "<style>\(PlotStyle.standalone)</style>"
    let focus = setting == .page ? " tabindex=\"0\"" : ""
    return """
      <svg class="plot"\(namespace) viewBox="0 0 \(NumberText.coordinate(drawing.width)) \
      \(NumberText.coordinate(drawing.height))" role="img"\(focus) aria-label="\
      \(Markup.escaped("\(title): \(y.label) over \(x.label)"))">\(style)\
      \(drawing.elements.joined(separator: "\n"))</svg>
      """
  }
}
