import Foundation
import TestFiles
import Testing

extension ProgramRuns {
  /// Two ranks answer unusable input with one line, and change nothing on disk.
  @Suite struct BadInputTests {
    @Test("data files that cannot be used are named", arguments: BadInput.data)
    func data(_ input: BadInput) throws { try check(input) }

    @Test("model files that cannot be used are named", arguments: BadInput.models)
    func models(_ input: BadInput) throws { try check(input) }

    @Test("recipes that cannot be used are named by line or key", arguments: BadInput.recipes)
    func recipes(_ input: BadInput) throws { try check(input) }

    @Test("run directories that cannot be used are named", arguments: BadInput.runs)
    func runs(_ input: BadInput) throws { try check(input) }

    private func check(_ input: BadInput) throws {
      let directory = try TemporaryDirectory()
      try input.prepare(directory)
      let before = try directory.snapshot()
      let outcome = try Program.run(input.arguments, ranks: 2, in: directory)
      #expect(outcome.status == input.status.rawValue, "\(outcome)")
      #expect(outcome.complaints.count == 1, "\(outcome.complaints)")
      let line = outcome.complaints.first ?? ""
      #expect(line.hasPrefix("lcnn-dist: "), "\(line)")
      for word in input.words { #expect(line.contains(word), "no “\(word)” in: \(line)") }
      #expect(outcome.output.isEmpty, "\(outcome.output)")
      #expect(try directory.snapshot() == before, "files were changed")
    }
  }
}
