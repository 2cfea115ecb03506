import Failures
import Foundation
import TestFiles
import Testing

extension ProgramRuns {
  /// A run whose directory is taken away under its hands.
  @Suite struct LostRunDirectoryTests {
    @Test(
      "a directory or file that is removed or renamed ends the run, and is not made anew",
      arguments: [
        "rm -r run", "mv run elsewhere", "rm run/metrics.jsonl", "rm run/environment.jsonl",
      ])
    func lost(command: String) throws {
      let directory = try TemporaryDirectory()
      let running = try Program.start(
        ["train", "--epochs", "100000", "--run", "run"], ranks: 2, in: directory)
      while running.isRunning && (try? directory.data("run/metrics.jsonl"))?.isEmpty ?? true {
        usleep(500)
      }
      let removal = try Program.start(command: ["sh", "-c", command], in: directory).outcome()
      #expect(removal.status == 0, "\(removal)")
      let outcome = try running.outcome()
      #expect(outcome.status == ExitStatus.runDirectory.rawValue, "\(outcome)")
      let lines = outcome.complaints.filter { $0.hasPrefix("lcnn-dist: ") }
      #expect(lines.count == 1 && lines[0].contains("was removed or renamed"), "\(outcome)")
      let name = command.hasPrefix("rm run/") ? String(command.dropFirst(3)) : "run"
      #expect(!FileManager.default.fileExists(atPath: "\(directory.path)/\(name)"))
    }
  }
}
