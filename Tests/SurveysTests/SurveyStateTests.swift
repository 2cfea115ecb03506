import Foundation
import Surveys
import TestFiles
import Testing

@Suite struct SurveyStateTests {
  private static let settings = [
    SurveyState.Setting("norm", "l2"), SurveyState.Setting("steps", "50"),
  ]

  /// Calls `body` with the path of a new file, which is removed afterwards.
  private func withPath(_ body: (String) throws -> Void) throws {
    let directory = try TemporaryDirectory()
    try body("\(directory.path)/attack.state")
  }

  private func append(_ text: String, to path: String) throws {
    let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
    try file.seekToEnd()
    try file.write(contentsOf: Data(text.utf8))
    try file.close()
  }

  @Test("lines come back, and one that was cut short is dropped")
  func torn() throws {
    try withPath { path in
      func open() throws -> SurveyState { try SurveyState(path, settings: Self.settings) }
      #expect(try open().lines.isEmpty)
      try open().append(["a", "b"])
      try append("{\"cut", to: path)
      #expect(try open().lines == ["a", "b"])
      try open().append(["c"])
      #expect(try open().lines == ["a", "b", "c"])
      try open().remove()
      #expect(!FileManager.default.fileExists(atPath: path))
    }
  }

  @Test("a state of other settings is refused with the first that differs, and is left as it was")
  func other() throws {
    try withPath { path in
      try SurveyState(path, settings: Self.settings).append(["a"])
      let before = try Data(contentsOf: URL(fileURLWithPath: path))
      let asked = [Self.settings[0], SurveyState.Setting("steps", "60")]
      #expect(
        throws: SurveyError.otherState(path: path, what: "steps", stored: "50", asked: "60")
      ) { _ = try SurveyState(path, settings: asked) }
      #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == before)
    }
  }

  @Test("a state that another attack uses is refused")
  func locked() throws {
    try withPath { path in
      let first = try SurveyState(path, settings: Self.settings)
      #expect(throws: SurveyError.stateInUse(path: path)) {
        _ = try SurveyState(path, settings: Self.settings)
      }
      withExtendedLifetime(first) {}
    }
  }

  @Test("another file is refused, and is left as it was")
  func foreign() throws {
    try withPath { path in
      try Data("notes\n".utf8).write(to: URL(fileURLWithPath: path))
      #expect(throws: SurveyError.damagedState(path: path, line: 1)) {
        _ = try SurveyState(path, settings: Self.settings)
      }
      #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == Data("notes\n".utf8))
    }
  }
}
