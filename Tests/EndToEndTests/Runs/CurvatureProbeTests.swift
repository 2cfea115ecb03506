import Foundation
import TestFiles
import Testing

extension ProgramRuns {
  /// Curvature measured while a run is trained.
  @Suite struct CurvatureProbeTests {
    private static let flags = [
      "--epochs", "3", "--train-samples", "192", "--test-samples", "40", "--curvature-every", "2",
      "--curvature-samples", "20", "--reproducible", "true",
    ]
    private static let last = "checkpoints/step-00000009"

    private func train(
      _ run: String, ranks: Int? = nil, _ more: [String] = [], in directory: TemporaryDirectory
    ) throws {
      let outcome = try Program.run(
        ["train", "--run", run] + Self.flags + more, ranks: ranks, in: directory)
      #expect(outcome.status == 0, "\(outcome)")
      #expect(outcome.output.contains("curvature of 20 test samples: C_f mean "))
    }

    /// The lines of metrics that hold a measurement.
    private func measurements(
      _ run: String, in directory: TemporaryDirectory
    ) throws -> [[String: Any]] {
      try directory.text("\(run)/metrics.jsonl").split(separator: "\n")
        .filter { $0.contains("curvature/samples") }
        .map { try #require(JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]) }
    }

    @Test("metrics and checkpoints have the same bytes on 1, 2 and 3 ranks, measurements included")
    func sameBytes() throws {
      let directory = try TemporaryDirectory()
      for ranks in 1...3 { try train("run-\(ranks)", ranks: ranks, in: directory) }
      for file in ["metrics.jsonl", "\(Self.last)/model.safetensors"] {
        let alone = try directory.data("run-1/\(file)")
        for ranks in 2...3 {
          #expect(try directory.data("run-\(ranks)/\(file)") == alone, "n = \(ranks): \(file)")
        }
      }
      // After the second epoch and the last one.
      let found = try measurements("run-1", in: directory)
      #expect(found.map { $0["step"] as? Int } == [6, 9])
      for line in found {
        for name in [
          "curvature/gradient-norm/mean", "curvature/hessian-norm/median",
          "curvature/normalized/max", "curvature/bound/surrogate", "curvature/bound/hessian-norm",
          "norm/5/certified", "norm/2.0.1.f2/zero-padded", "gamma/1.0.1.f1", "beta/s(2.0)",
        ] { #expect(line[name] as? Double ?? 0 > 0, "\(name)") }
      }
    }

    @Test("the probe's numbers are the curvature command's, and the checkpoint's state holds them")
    func sameAsCommand() throws {
      let directory = try TemporaryDirectory()
      try train("run", in: directory)
      let metrics = try directory.text("run/metrics.jsonl").split(separator: "\n")
      let line = try #require(metrics.last { $0.contains("curvature/samples") })
      let kept = try JSONDecoder().decode(
        State.self, from: directory.data("run/\(Self.last)/state.json")
      ).curvature
      for (name, value) in kept { #expect(line.contains("\"\(name)\": \(value)"), "\(name)") }
      // Nine statistics, three bounds; two norms of 7 layers, 6 γ, 5 β.
      #expect(kept.count == 9 + 3 + 2 * 7 + 6 + 5)
      let outcome = try Program.run(
        ["curvature", "--model", "run", "--samples", "20", "--json", "c.json"], in: directory)
      #expect(outcome.status == 0, "\(outcome)")
      let document = try JSONDecoder().decode(Document.self, from: directory.data("c.json"))
      let statistics = try #require(document.splits["test"])
      #expect(statistics.gradientNorm.mean == kept["curvature/gradient-norm/mean"])
      #expect(statistics.hessianNorm.median == kept["curvature/hessian-norm/median"])
      #expect(statistics.curvature.maximum == kept["curvature/normalized/max"])
    }

    /// What is read here of a checkpoint's state.
    private struct State: Decodable { let curvature: [String: Double] }

    /// What is read here of the file that the curvature command's --json writes.
    private struct Document: Decodable {
      let splits: [String: Split]

      struct Split: Decodable {
        let gradientNorm: Statistics
        let hessianNorm: Statistics
        let curvature: Statistics

        enum CodingKeys: String, CodingKey {
          case curvature
          case gradientNorm = "gradient-norm"
          case hessianNorm = "hessian-norm"
        }
      }

      struct Statistics: Decodable {
        let mean: Double
        let median: Double
        let maximum: Double
      }
    }

    @Test("a resumed run measures what an uninterrupted one does")
    func resumed() throws {
      let directory = try TemporaryDirectory()
      try train("whole", in: directory)
      try train("parts", ["--max-steps", "8"], in: directory)
      let outcome = try Program.run(
        ["train", "--resume", "--run", "parts", "--max-steps", "null"], ranks: 2, in: directory)
      #expect(outcome.status == 0, "\(outcome)")
      let (whole, parts) = try (
        measurements("whole", in: directory), measurements("parts", in: directory)
      )
      // The part that ended at step 8 measured there too; the resumed run took that line back.
      #expect(parts.map { $0["step"] as? Int } == [6, 9])
      #expect(NSArray(array: parts) == NSArray(array: whole))
    }
  }
}
