import Foundation
import Reporting
import Surveys
import Testing

/// Lines in place, events and times on the console.
@Suite struct ConsoleTests {
  /// A terminal that understands what ``LiveLines`` writes, and breaks long lines.
  private struct Screen {
    var columns: Int
    var rows: [String] = [""]
    var row = 0

    mutating func write(_ text: String) {
      var rest = Substring(text)
      while let character = rest.popFirst() {
        switch character {
        case "\r": break
        case "\n":
          row += 1
          if row == rows.count { rows.append("") }
        case "\u{1B}":
          let command = rest.prefix { !$0.isLetter }
          rest = rest.dropFirst(command.count)
          switch rest.popFirst() {
          case "A": row = max(0, row - (Int(command.dropFirst()) ?? 1))
          case "J": rows = Array(rows[..<row]) + [""]
          case "K": break
          default: Issue.record("unknown sequence \(command)")
          }
        default:
          // A line in place is written from its start.
          if rows[row].count == columns { Issue.record("a line wraps at \(columns) columns") }
          rows[row].append(character)
        }
      }
    }

    /// Breaks the lines of a window that has become narrower.
    mutating func resize(to columns: Int) {
      let lines = rows[..<row].flatMap { line -> [String] in
        stride(from: 0, to: max(line.count, 1), by: columns).map {
          String(line.dropFirst($0).prefix(columns))
        }
      }
      self.columns = columns
      row = lines.count
      rows = lines + [""]
    }
  }

  private static let lines = [
    ["epoch 6/15", ProgressBar.text(0.3), "30 %", "0:01 left", "step 7/23"],
    ["loss 0.6381", "accuracy 96.74 %", "55000 images/s now"], [],
  ]

  @Test("lines in place never wrap, and leave nothing behind", arguments: [200, 80, 40, 20, 8, 1])
  func widths(columns: Int) {
    var screen = Screen(columns: columns)
    var lines = LiveLines()
    for _ in 0..<3 {
      screen.rows[screen.row] = ""
      // An overwritten line is erased to its end.
      screen.write(lines.clear(columns: columns))
      screen.write(lines.draw(Self.lines, columns: columns, rows: 24))
      #expect(screen.row <= 2 && screen.rows.allSatisfy { $0.count < max(columns, 2) })
    }
    screen.write(lines.clear(columns: columns))
    #expect(screen.rows == [""])
  }

  @Test("after a resize the broken lines are removed too")
  func resize() {
    var screen = Screen(columns: 100)
    var lines = LiveLines()
    screen.write(lines.draw(Self.lines, columns: 100, rows: 24))
    screen.resize(to: 30)
    #expect(screen.row > 2, "the lines were broken")
    screen.write(lines.clear(columns: 30))
    #expect(screen.rows == [""])
  }

  @Test("parts that do not fit are left out from the end")
  func fitting() {
    #expect(LiveLines.fit(["loss 1", "accuracy 2", "x"], columns: 20) == "loss 1  accuracy 2")
    #expect(LiveLines.fit(["accuracy 2", "x"], columns: 4) == "accu")
    #expect(LiveLines.fit([], columns: 4).isEmpty)
    let note = "pgd 1: 0 of 34 broken  more"
    #expect(LiveLines.fit(note, at: "12:00:00", columns: 40) == "12:00:00  \(note)")
    #expect(LiveLines.fit(note, at: "12:00:00", columns: 28) == note)
    #expect(LiveLines.fit(note, at: "12:00:00", columns: 9) == "pgd 1: 0 ")
  }

  @Test("an event is one JSON object; what is not finite is null")
  func json() throws {
    let event = ConsoleEvent(
      "epoch", "", [("loss", .number(.nan)), ("step", .integer(3)), ("run", .text("a\n\"b\""))])
    let text = event.json(at: Date(timeIntervalSince1970: 0))
    #expect(
      text == "{\"time\": \"1970-01-01T00:00:00Z\", \"event\": \"epoch\", \"loss\": null, "
        + "\"step\": 3, \"run\": \"a\\n\\\"b\\\"\"}")
    let read = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
    #expect(read?["run"] as? String == "a\n\"b\"")
  }

  @Test("what a terminal would obey is shown as numbers, and in JSON as escapes")
  func controls() throws {
    let name = "a\u{1B}[31m\u{9B}2J\u{7F}"
    let event = ConsoleEvent("note", name)
    #expect(event.text == "a\\u{1b}[31m\\u{9b}2J\\u{7f}")
    let json = ConsoleMessage.json("note", [("name", name)], at: Date())
    #expect(!json.unicodeScalars.contains { $0.properties.generalCategory == .control })
    let read = try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any]
    #expect(read?["name"] as? String == name)
  }

  @Test("times that are left are clock times; unknown ones are not")
  func times() {
    #expect(ConsoleTime.clock(7) == "0:07" && ConsoleTime.clock(43_500) == "12:05:00")
    #expect(ConsoleTime.clock(.infinity) == "?" && ConsoleTime.clock(-1) == "0:00")
  }

  @Test("a survey without speed says no time, one with an upper bound says at most")
  func surveys() {
    let words = SurveyWords()
    func progress(_ done: Double) -> SurveyProgress {
      SurveyProgress(
        survey: "attack", stage: "pgd 1", done: done, total: 10, count: "", isUpperBound: true)
    }
    words.update(progress(0))
    #expect(words.event.text == "pgd 1 0 %")
    usleep(10_000)
    words.update(progress(5))
    #expect(words.event.text.hasPrefix("pgd 1 50 %  at most 0:0"))
  }
}
