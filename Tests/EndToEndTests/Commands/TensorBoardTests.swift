import Foundation
import TestFiles
import Testing

extension ProgramRuns {
  /// Event files, as TensorBoard itself reads them; skipped where `python3` has no tensorboard.
  @Suite struct TensorBoardTests {
    private static let hasReader: Bool = {
      guard
        let found = try? Program.start(command: ["python3", "-c", "import tensorboard"]).outcome()
      else { return false }
      return found.status == 0
    }()

    /// Prints every scalar as: tag, step, value.
    private static let reader = """
      import sys
      from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
      events = EventAccumulator(sys.argv[1], size_guidance={"scalars": 0, "images": 0})
      events.Reload()
      for tag in events.Tags()["scalars"]:
        for event in events.Scalars(tag):
          print(tag, event.step, repr(event.value))
      for tag in events.Tags()["images"]:
        for event in events.Images(tag):
          print("image", tag, event.step, event.width, event.height)
      print("histograms", len(events.Tags()["histograms"]), "texts", events.Tags()["tensors"])
      """

    @Test(
      "TensorBoard reads the numbers of the metrics, once each, after a stop and a resume too",
      .enabled(if: hasReader, "python3 has no tensorboard here: event files are not read back"))
    func scalars() throws {
      let directory = try TemporaryDirectory()
      let first = ["train", "--run", "run", "--epochs", "3", "--checkpoint-every", "2"]
      let stopped = try Program.run(first + ["--max-steps", "60"], in: directory)
      #expect(stopped.status == 0, "\(stopped)")
      let resumed = try Program.run(
        ["train", "--run", "run", "--resume", "--max-steps", "null"], ranks: 2, in: directory)
      #expect(resumed.status == 0, "\(resumed)")
      let landscape = try Program.run(
        ["landscape", "--model", "run", "--samples", "2", "--points", "3", "--events", "run"],
        in: directory)
      #expect(landscape.status == 0, "\(landscape)")
      try directory.write(Self.reader.utf8, to: "reader.py")
      let read = try Program.start(command: ["python3", "reader.py", "run"], in: directory)
        .outcome()
      #expect(read.status == 0, "\(read)")
      var found: [String: [Float]] = [:]
      let isImage = { (line: String) in line.hasPrefix("image ") }
      #expect(
        read.outputLines.filter(isImage)
          == ["image", "input-gradient", "perturbation"].flatMap { kind in
            (0..<2).map { "image \(kind)/test-\($0) 69 8 8" }
          })
      for line in read.outputLines.dropLast().filter({ !isImage($0) }) {
        let words = line.split(separator: " ")
        found["\(words[0]) \(words[1])", default: []].append(try #require(Float(words[2])))
      }
      for line in try directory.text("run/metrics.jsonl").split(separator: "\n") {
        let object = try #require(
          JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        let step = try #require(object["step"] as? Int)
        for (key, value) in object where key.contains("/") {
          guard let value = value as? Double else { continue }
          let events = found.removeValue(forKey: "\(key) \(step)")
          #expect(events == [Float(value)], "\(key) at step \(step)")
        }
      }
      let rest = found.keys.filter { !$0.hasPrefix("surrogate-bound") }
      #expect(rest.isEmpty, "not in the metrics: \(rest)")
      #expect(read.outputLines.last?.hasPrefix("histograms ") == true)
      #expect(read.outputLines.last?.contains("recipe") == true)
    }
  }
}
