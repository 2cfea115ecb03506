import Foundation
import Kernels
import TestFiles
import Testing

extension ProgramRuns {
  /// Runs by each set of vector units that the CPU has, by --vector-units.
  @Suite struct VectorUnitsRunTests {
    private static let available = VectorUnits.allCases.filter { $0 <= .detected }
    private static let model = "checkpoints/step-00000004/model.safetensors"

    private func arguments(_ run: String, _ units: String) -> [String] {
      [
        "train", "--run", run, "--max-steps", "4", "--test-samples", "10", "--reproducible", "true",
        "--gradient-norm-penalty", "0.006", "--vector-units", units,
      ]
    }

    @Test("reproducible runs have the same bits on one rank and on three, by every path")
    func sameBits() throws {
      let directory = try TemporaryDirectory()
      var models: [Data] = []
      for units in Self.available {
        for ranks in [1, 3] {
          let outcome = try Program.run(
            arguments("\(units)-\(ranks)", units.rawValue), ranks: ranks, in: directory)
          #expect(outcome.status == 0, "\(units), n = \(ranks): \(outcome)")
          let note = "vector units: \(units), of \(VectorUnits.detected) that this CPU has"
          #expect(outcome.errors.contains(note) == (units < .detected), "\(outcome)")
        }
        let alone = try directory.data("\(units)-1/\(Self.model)")
        #expect(try directory.data("\(units)-3/\(Self.model)") == alone, "\(units)")
        #expect(try recorded("\(units)-3", in: directory) == [units.rawValue])
        models.append(alone)
      }
      // Without an FMA each product is rounded: alike, they would show that the option has no effect.
      #expect(models.count == 1 || models.first != models.last)
    }

    @Test("ranks with different vector units use the least, and say so", .enabled(if: isForcible))
    func unlikeRanks() throws {
      let directory = try TemporaryDirectory()
      let second = [":", "-n", "1", try Program.path()] + arguments("unlike", "portable")
      let unlike = try Program.run(
        arguments("unlike", "auto") + second, ranks: 1, in: directory)
      #expect(unlike.status == 0, "\(unlike)")
      let note = "least of all ranks: \(VectorUnits.detected) on 1, portable on 1"
      #expect(unlike.errors.contains("vector units: portable, the \(note)"), "\(unlike)")
      #expect(try recorded("unlike", in: directory) == ["portable"])
      let alike = try Program.run(arguments("alike", "portable"), ranks: 2, in: directory)
      #expect(alike.status == 0, "\(alike)")
      #expect(
        try directory.data("unlike/\(Self.model)") == directory.data("alike/\(Self.model)"))
    }

    @Test("a run that goes on by other vector units says so", .enabled(if: isForcible))
    func resumed() throws {
      let directory = try TemporaryDirectory()
      let first = try Program.run(arguments("run", "auto"), in: directory)
      #expect(first.status == 0, "\(first)")
      let second = try Program.run(
        [
          "train", "--resume", "--run", "run", "--max-steps", "6", "--vector-units", "portable",
        ], in: directory)
      #expect(second.status == 0, "\(second)")
      let note = "vector units: portable, before it was \(VectorUnits.detected): "
      #expect(second.output.contains(note), "\(second)")
      let expected = [VectorUnits.detected.rawValue, "portable"]
      #expect(try recorded("run", in: directory) == expected)
    }

    @Test("a run that goes on in another precision says so, and not of units that compute alike")
    func resumedInAnotherPrecision() throws {
      let directory = try TemporaryDirectory()
      let first = try Program.run(
        arguments("run", "auto") + ["--precision", "fp32"], in: directory)
      #expect(first.status == 0, "\(first)")
      let second = try Program.run(
        ["train", "--resume", "--run", "run", "--max-steps", "6", "--precision", "bf16"],
        in: directory)
      #expect(second.status == 0, "\(second)")
      #expect(second.output.contains("precision: bf16, before it was fp32: "), "\(second)")
      #expect(!second.output.contains("vector units: "), "\(second)")
    }

    /// Whether the CPU leaves a choice.
    private static let isForcible = VectorUnits.detected > .portable

    /// The vector units of every start of a run.
    private func recorded(_ run: String, in directory: TemporaryDirectory) throws -> [String] {
      struct Line: Decodable { let vectorUnits: String }
      return try directory.data("\(run)/environment.jsonl").split(separator: UInt8(ascii: "\n"))
        .map { try JSONDecoder().decode(Line.self, from: $0).vectorUnits }
    }
  }
}
