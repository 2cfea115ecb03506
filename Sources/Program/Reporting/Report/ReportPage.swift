import Foundation
import Plots

/// The HTML of a report: one file, without network, for screens of all widths, for print, and for
/// readers who use a keyboard.
struct ReportPage {
  let report: RunReport
  let version: String
  let date: Date

  var text: String {
    let title = "lcnn-dist: \(report.runs.map(\.label).joined(separator: ", "))"
    return """
      <!doctype html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <meta name="color-scheme" content="light dark">
      <title>\(Markup.escaped(title))</title>
      <link rel="icon" href="data:,">
      <style>
      \(PageStyle.text)
      </style>
      </head>
      <body>
      <main>
      \(body.joined(separator: "\n"))
      </main>
      <div id="tip" role="status" hidden></div>
      <script>
      \(PageScript.text)
      </script>
      </body>
      </html>

      """
  }

  private var body: [String] {
    let names = report.runs.map { "<b>\(Markup.escaped($0.label))</b>" }.joined(separator: ", ")
    return [
      "<h1>Report of \(names)</h1>",
      "<p class=\"muted\">Made by lcnn-dist \(Markup.escaped(version)) on \(day). Point at a mark "
        + "for its numbers; with the keyboard, go to a plot with Tab and to its marks with the "
        + "arrow keys.</p>",
      list(report.problems, "problems", "What could not be read or compared"),
      list(report.summary, "summary", "In short"),
      "<section>",
      html(report.runTable),
      details(report.recipeTable.caption, html(report.recipeTable)),
      "</section>",
    ] + report.sections.map(html)
  }

  private var day: String {
    let formatter = DateFormatter()
    formatter.locale = Locale(identifier: "en_US_POSIX")
    formatter.dateFormat = "yyyy-MM-dd HH:mm"
    return formatter.string(from: date)
  }

  private func list(_ lines: [String], _ style: String, _ heading: String) -> String {
    guard !lines.isEmpty else { return "" }
    // A number and its unit stay on one line.
    let items = lines.map { "<li>\(Markup.escaped($0).replacing(" %", with: "&nbsp;%"))</li>" }
      .joined()
    return "<section class=\"\(style)\"><h2>\(heading)</h2><ul>\(items)</ul></section>"
  }

  private func html(_ section: ReportSection) -> String {
    (["<section>", "<h2>\(section.title)</h2>", "<p>\(Markup.escaped(section.text))</p>"]
      + (section.plots.isEmpty ? [] : ["<div class=\"plots\">"] + section.plots.map(html))
      + (section.plots.isEmpty ? [] : ["</div>"])
      + section.tables.map(html) + ["</section>"]).joined(separator: "\n")
  }

  private func html(_ plot: Plot) -> String {
    let table = plot.table
    let note = plot.note.map { "<p class=\"note\">\(Markup.escaped($0))</p>" } ?? ""
    return """
      <figure>
      <figcaption>\(Markup.escaped(plot.title))</figcaption>
      \(plot.svg())
      \(note)\(details("Data", rows(table.header, table.rows)))
      </figure>
      """
  }

  private func html(_ table: ReportSection.Table) -> String {
    "<h3>\(Markup.escaped(table.caption))</h3>" + rows(table.header, table.rows)
  }

  private func details(_ summary: String, _ content: String) -> String {
    "<details><summary>\(Markup.escaped(summary))</summary>\(content)</details>"
  }

  private func rows(_ header: [String], _ rows: [[String]]) -> String {
    let isNumeric = header.indices.map { column in
      rows.allSatisfy { row in
        row[column].isEmpty || row[column] == "–" || row[column].first?.isNumber ?? false
          || row[column].first == "-"
      }
    }
    func cells(_ row: [String], _ element: String) -> String {
      zip(row, isNumeric).map { cell, isNumeric in
        let style = isNumeric ? " class=\"n\"" : ""
        return "<\(element)\(style)>\(Markup.escaped(cell))</\(element)>"
      }.joined()
    }
    let head = cells(header, "th")
    let body = rows.map { "<tr>\(cells($0, "td"))</tr>" }.joined(separator: "\n")
    return "<div class=\"table\" tabindex=\"0\"><table><thead><tr>\(head)</tr></thead>"
      + "<tbody>\(body)</tbody></table></div>"
  }
}
