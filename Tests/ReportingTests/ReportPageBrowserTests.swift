import Foundation
import Reporting
import TestFiles
import Testing

/// The page of a report in a browser; skipped without one.
@Suite struct ReportPageBrowserTests {
  /// Asks the page for what a reader would see, and writes the answers as JSON into the page.
  private static let questions = """
    <script>
    const plots = [...document.querySelectorAll("svg.plot")];
    const first = plots[0];
    first.focus();
    const press = key => first.dispatchEvent(new KeyboardEvent("keydown", {key, bubbles: true}));
    press("ArrowRight");
    const tip = document.getElementById("tip");
    const byKeyboard = tip.hidden ? "" : tip.textContent;
    press("Escape");
    const hidden = tip.hidden;
    const mark = plots[1].querySelector("[data-t]");
    mark.dispatchEvent(new PointerEvent("pointerover", {bubbles: true}));
    const byPointer = tip.hidden ? "" : tip.textContent;
    const outside = plots.flatMap(plot => {
      const frame = plot.getBoundingClientRect();
      return [...plot.querySelectorAll("text")].filter(text => {
        const box = text.getBoundingClientRect();
        return box.left < frame.left - 1 || box.right > frame.right + 1
          || box.top < frame.top - 1 || box.bottom > frame.bottom + 1;
      }).map(text => plot.getAttribute("aria-label") + ": " + text.textContent);
    });
    document.body.insertAdjacentHTML("beforeend", "<pre id=answers></pre>");
    document.getElementById("answers").textContent = JSON.stringify({
      byKeyboard, hidden, byPointer, outside,
      withoutLabels: plots.filter(plot => plot.querySelectorAll(".label").length != 2
        || [...plot.querySelectorAll(".label")].some(label => !label.textContent)).length,
      withoutMarks: plots.filter(plot => !plot.querySelector(".mark")).length,
      plots: plots.length, wide: document.documentElement.scrollWidth - innerWidth,
    });
    </script>
    """

  private struct Answers: Decodable {
    let byKeyboard: String
    let hidden: Bool
    let byPointer: String
    /// Texts of plots that reach beyond their frame.
    let outside: [String]
    let withoutLabels: Int
    let withoutMarks: Int
    let plots: Int
    /// Pixels by which the page is wider than the window.
    let wide: Int
  }

  @Test(
    "a browser shows labels and marks, tooltips by keyboard and pointer, and no console message",
    .enabled(if: Chromium.path != nil, "no chromium here: the page is not opened in a browser"))
  func page() throws {
    let directory = try RunReportTests.twoRuns()
    let report = try RunReportTests.report(["a", "b"], in: directory)
    let page = RunReportTests.html(report)
      .replacingOccurrences(of: "</body>", with: "\(Self.questions)</body>")
    try directory.write(page.utf8, to: "report.html")
    let outcome = try Chromium.load("\(directory.path)/report.html", in: directory)
    #expect(outcome.console.isEmpty)
    let text = try #require(outcome.dom.firstMatch(of: /<pre id="answers">(.*?)<\/pre>/)?.1)
    let answers = try JSONDecoder().decode(
      Answers.self, from: Data(text.replacing("&amp;", with: "&").utf8))
    #expect(answers.byKeyboard == "a, train: epoch 1, cross-entropy 1.5 nats")
    #expect(answers.hidden)
    #expect(answers.byPointer.contains("accuracy"))
    #expect(answers.plots >= 4 && answers.withoutLabels == 0 && answers.withoutMarks == 0)
    #expect(answers.outside.isEmpty)
    #expect(answers.wide <= 0)
  }
}
