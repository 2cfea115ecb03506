import Foundation
import Recipes
import Reporting
import TestFiles
import Testing

extension ProgramRuns {
  /// The documented formats of files, against the files that the program writes.
  @Suite struct FileFormatTests {
    @Test("every file has the documented members, and no other")
    func members() throws {
      let directory = try TemporaryDirectory()
      func run(_ words: [String], ranks: Int? = nil) throws {
        let outcome = try Program.run(words, ranks: ranks, in: directory)
        #expect(outcome.status == 0, "\(words): \(outcome)")
      }
      try run(
        [
          "train", "--run", "run", "--epochs", "2", "--curvature-every", "1",
          "--metrics-table", "--trace", "--dump-batch", "2",
        ],
        ranks: 2)
      var found: [String: [Any]] = [:]
      func read(_ title: String, _ file: String) throws {
        found[title] = [try FileFormat.object(directory.text(file))]
      }
      for command in ["evaluate", "curvature", "stability", "attack", "bound", "landscape"] {
        let tables = command == "evaluate" ? [] : ["--csv", "c.csv", "--samples", "16"]
        try run([command, "--model", "run", "--json", "j.json"] + tables)
        try read("\(command) --json", "j.json")
        if !tables.isEmpty {
          found["\(command) --csv"] = FileFormat.rows(try directory.text("c.csv"))
        }
      }
      let lines = try directory.text("run/metrics.jsonl").split(separator: "\n")
      for (kind, mark) in [
        ("an epoch", "epoch/train-loss"), ("a measurement of curvature", "curvature/samples"),
        ("a step", "train/loss"),
      ] {
        found["metrics.jsonl, \(kind)"] = try lines.filter { $0.contains("\"\(mark)\"") }
          .map(FileFormat.object)
      }
      found["metrics.csv"] = FileFormat.rows(try directory.text("run/metrics.csv"))
      #expect(found["metrics.csv"]?.count == lines.count)
      for file in ["timings.jsonl", "environment.jsonl"] {
        found[file] = try directory.text("run/\(file)").split(separator: "\n")
          .map(FileFormat.object)
      }
      try read("trace.json", "run/trace.json")
      try read("checkpoints/step-…/state.json", "run/checkpoints/step-00000046/state.json")
      try read("dump/step-…/rank-…/step.json", "run/dump/step-2/rank-1/step.json")
      let answers = try Program.run(["doctor", "--quick", "--json"], in: directory)
      found["doctor --json"] = [try FileFormat.object(answers.output)]

      // Other tests have a run that measures how gradients are summed, and a benchmark.
      let elsewhere = ["communication.json", "bench --json"]
      for format in FileFormat.files where !elsewhere.contains(format.title) {
        let written = found.removeValue(forKey: format.title)
        let objects = try #require(written, "\(format.title)")
        #expect(!objects.isEmpty, "\(format.title)")
        for object in objects { format.compare(with: object) }
      }
      #expect(found.isEmpty, "not documented: \(found.keys)")
      let recipe = try #require(
        try FileFormat.object(directory.text("run/recipe.json")) as? [String: Any])
      #expect(Set(recipe.keys) == Set(Recipe.keys.map(\.name)))
      try expectKnown(directory.snapshot().keys.filter { $0.hasPrefix("run/") })
    }

    /// Expects each file of a run to have a format, or a description elsewhere.
    private func expectKnown(_ paths: [String]) throws {
      let others = [
        "recipe.json", "model.safetensors", "optimizer.safetensors", "images.safetensors",
        "collectives.bin", "SHA256SUMS",
      ]
      let documented = FileFormat.files.map { format in
        format.title.prefix { $0 != "," }.split(separator: "/").last.map(String.init) ?? ""
      }
      for path in paths where path.contains(".") {
        let name = String(path.split(separator: "/").last ?? "")
        #expect(
          (others + documented).contains(name) || name.hasPrefix("events.out.tfevents."),
          "\(path) is not documented")
      }
    }

    @Test("every column of a CSV file has a meaning")
    func columns() {
      for format in FileFormat.all {
        for field in format.fields {
          #expect(field.meaning != "undocumented", "\(format.title): \(field.path)")
        }
      }
    }
  }
}
