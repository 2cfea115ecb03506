import Foundation
import Testing

extension ProgramRuns {
  /// Bounds of a trained model from the command line.
  @Suite struct BoundCommandTests {
    @Test("bounds and certificates have the same bytes for any number of ranks and any batch size")
    func sameBytes() throws {
      let run = try TrainedDigits()
      let output = try run.expectSameBytes(
        ["bound", "--epsilons", "1e-3,0.1"], files: [("--csv", "b.csv"), ("--json", "b.json")])
      #expect(try run.rows("0/b.csv").count == 1 + 355)
      for word in ["s(2.0)", "linear 32→10", "conv 1×1/2 16→32", "C_f, surrogate", "0.1  "] {
        #expect(output.contains(word), "no “\(word)”")
      }
    }

    /// What is read here of the file that --json writes.
    private struct Document: Decodable {
      let network: Network
      let splits: [String: Split]

      struct Network: Decodable {
        let layers: [Layer]
        let gradient: Comparison
        let hessian: Comparison
      }

      struct Layer: Decodable {
        let name: String
        let certified: Double?
        let zeroPadded: Double?

        enum CodingKeys: String, CodingKey {
          case name
          case certified = "certified-norm"
          case zeroPadded = "zero-padded-norm"
        }
      }

      struct Comparison: Decodable {
        let bound: Double?
        let measured: Double?
      }

      struct Split: Decodable { let certified: [AtDistance] }
      struct AtDistance: Decodable { let certified: Int }
    }

    @Test("bounds are above what was measured, and certified accuracy counts the radii")
    func document() throws {
      let run = try TrainedDigits()
      let outcome = try Program.run(
        [
          "bound", "--model", "run", "--test-samples", "null", "--csv", "b.csv", "--json",
          "b.json", "--epsilons", "5e-4,2e-3", "--of", "margin",
        ], ranks: 2, in: run.directory)
      #expect(outcome.status == 0, "\(outcome)")
      let document = try JSONDecoder().decode(Document.self, from: run.directory.data("b.json"))
      for comparison in [document.network.gradient, document.network.hessian] {
        #expect(try #require(comparison.measured) < #require(comparison.bound))
      }
      let affine = document.network.layers.filter { $0.certified != nil }
      #expect(affine.count == 7)
      for layer in affine {
        #expect(try #require(layer.certified) >= #require(layer.zeroPadded), "\(layer.name)")
      }
      let rows = try run.rows("b.csv")
      let column = try #require(rows[0].firstIndex(of: "radius"))
      let radii = try rows.dropFirst().map { try #require(Double($0[column])) }
      let expected = [5e-4, 2e-3].map { epsilon in radii.count { $0 > epsilon } }
      #expect(document.splits["test"]?.certified.map(\.certified) == expected)
      #expect(expected[0] > 0)
    }

    /// The columns of a file of comma-separated values, by name.
    private func columns(_ file: String, of run: TrainedDigits) throws -> [String: [String]] {
      let rows = try run.rows(file)
      return Dictionary(
        uniqueKeysWithValues: rows[0].enumerated().map { index, name in
          (name, rows.dropFirst().map { $0[index] })
        })
    }

    @Test("no attack breaks a sample within its certified radius")
    func againstAttacks() throws {
      // One convolution: radii and attacks meet in order of magnitude.
      let run = try TrainedDigits(
        steps: 100,
        [
          "--architecture", "vgg", "--layers", "8", "--stem", "null", "--widths", "[]", "--blocks",
          "[]", "--beta-penalty", "0.01", "--gamma-penalty", "0.01",
        ])
      let model = ["--model", "run", "--test-samples", "null", "--samples", "200"]
      for command in [
        ["bound", "--csv", "b.csv"],
        ["attack", "--epsilons", "0.02,0.05,0.1,0.2,0.3", "--attack", "pgd", "--csv", "a.csv"],
      ] {
        let outcome = try Program.run(command + model, ranks: 2, in: run.directory)
        #expect(outcome.status == 0, "\(outcome)")
      }
      let bound = try columns("b.csv", of: run)
      let attack = try columns("a.csv", of: run)
      let radii = try #require(bound["radius"]).map { Double($0) ?? .nan }
      var (broken, certified) = (0, 0)
      let epsilons = try #require(attack["epsilon"])
      for (row, epsilon) in epsilons.enumerated() {
        let index = try #require(Int(attack["index"]?[row] ?? ""))
        let distance = try #require(Double(epsilon))
        let isBroken = attack["broken"]?[row] == "1"
        if radii[index] > distance { certified += 1 }
        if isBroken { broken += 1 }
        #expect(!(isBroken && radii[index] > distance), "sample \(index) at \(epsilon)")
      }
      #expect(certified > 50 && broken > 50)
    }

    @Test("maximum pooling: no curvature bound, said in words and as null")
    func maximumPooling() throws {
      let directory = try TrainedDigits(
        [
          "--architecture", "vgg", "--layers", "4,M,6", "--stem", "null", "--widths", "[]",
          "--blocks", "[]",
        ]).directory
      let outcome = try Program.run(
        ["bound", "--model", "run", "--json", "b.json"], ranks: 2, in: directory)
      #expect(outcome.status == 0, "\(outcome)")
      #expect(outcome.output.contains("no global bound of curvature exists"), "\(outcome.output)")
      let document = try JSONDecoder().decode(Document.self, from: directory.data("b.json"))
      #expect(document.network.hessian.bound == nil)
      #expect(document.network.gradient.bound != nil)
    }

    private static let refusals: [TrainedDigits.Refusal] = [
      (
        ["--epsilons", "0.1,-1"], .usage,
        ["--epsilons 0.1,-1: expected numbers of at least 0", "\"-1\""]
      ),
      (["--epsilons", "-1,0.1"], .usage, ["--epsilons -1,0.1: expected numbers of at least 0"]),
      (["--epsilons", ""], .usage, ["--epsilons : expected numbers"]),
      (["--epsilons", "0.1,9"], .usage, ["9.0 is beyond the range of 8×8×1 images", "8.0"]),
      (["--measured", "-1"], .usage, ["--measured -1 must not be negative"]),
      (["--samples", "0"], .usage, ["--samples 0 must be at least 1"]),
      (["--csv", "none/c.csv"], .writeFailed, ["none/c.csv", "No such file"]),
      (["--widths", "8,8"], .unusableInput, ["model.safetensors", "needs"]),
    ]

    @Test("what cannot be bounded is refused in one line, and nothing is written")
    func refused() throws {
      try TrainedDigits().expectRefused(Self.refusals, by: ["bound", "--model", "run"])
    }
  }
}
