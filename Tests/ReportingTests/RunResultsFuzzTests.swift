import Checkpoints
import Failures
import Reporting
import TestFiles
import Testing
import Training

@Suite struct RunResultsFuzzTests {
  @Test(
    "damaged files of a run are read or refused",
    arguments: ["metrics.jsonl", "environment.jsonl", "curvature.json", "attack.json"])
  func files(_ file: String) throws {
    let directory = try TemporaryDirectory()
    try RunOnDisk.write(
      "run", arm: .lcnn, seed: 1, accuracy: 0.5, curvature: 2.5, robust: [0.5],
      starts: [(0, "0.1"), (1, "0.2")], in: directory)
    let path = "\(directory.path)/run"
    let whole = try directory.bytes("run/\(file)")
    for bytes in DamagedInputs(of: [whole], count: 100) {
      try directory.write(bytes, to: "run/\(file)")
      do { _ = try ResultsTable([try RunResults(path)]).notes } catch {
        #expect(error is any Failure, "\(error)")
      }
      if file == "metrics.jsonl" {
        _ = try MetricsFile(try RunDirectory(opening: path), resumingAt: 1)
      }
    }
  }
}
