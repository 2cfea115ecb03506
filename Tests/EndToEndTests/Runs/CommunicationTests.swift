import Foundation
import Reporting
import TestFiles
import Testing

extension ProgramRuns {
  /// How a run of several ranks sums its gradients, what it times, and whom it names.
  @Suite struct CommunicationTests {
    /// Long enough to be worth a measurement, with more gradients than one small bucket holds.
    private static let measured = [
      "train", "--epochs", "5", "--train-samples", "500", "--batch-size", "25", "--test-samples",
      "10", "--evaluate-every", "5", "--checkpoint-every", "5", "--widths", "32,160",
    ]

    private static let last = "checkpoints/step-00000100"

    @Test("a choice is printed, stored and kept, and changes no weight of two ranks")
    func choice() throws {
      let directory = try TemporaryDirectory()
      let first = try Program.run(Self.measured + ["--run", "run"], ranks: 2, in: directory)
      try #require(first.status == 0, "\(first)")
      #expect(first.output.contains(" MiB, by the time of a step:\nblocking 4 MiB "), "\(first)")
      let stored = try directory.data("run/communication.json")
      let json = String(decoding: stored, as: UTF8.self)
      #expect(json.contains("\"ranks\" : 2") && json.contains("\"nonblocking\""), "\(json)")
      try FileFormat.named("communication.json").compare(with: FileFormat.object(json))

      let given = try Program.run(
        Self.measured + [
          "--run", "given", "--gradient-sum", "nonblocking", "--bucket-megabytes", "0.01",
        ], ranks: 2, in: directory)
      #expect(given.output.contains(" MiB as the recipe says"), "\(given)")
      // Two terms have one sum, whatever the order; and the trial has left nothing behind.
      for file in ["metrics.jsonl", "\(Self.last)/optimizer.safetensors"] {
        #expect(try directory.data("given/\(file)") == directory.data("run/\(file)"), "\(file)")
      }

      let second = try Program.run(
        ["train", "--resume", "--run", "run", "--epochs", "6"], ranks: 2, in: directory)
      #expect(second.status == 0 && second.output.contains(" MiB as settled at an earlier start"))
      #expect(try directory.data("run/communication.json") == stored)
    }

    @Test("sums that proceed beside the sweep have the same bits on any number of ranks")
    func reproducible() throws {
      let directory = try TemporaryDirectory()
      for ranks in [1, 3, 5] {
        let outcome = try Program.run(
          [
            "train", "--run", "run-\(ranks)", "--max-steps", "20", "--reproducible", "true",
            "--gradient-sum", "nonblocking", "--bucket-megabytes", "0.01",
          ], ranks: ranks, in: directory)
        #expect(outcome.status == 0, "n = \(ranks): \(outcome)")
      }
      for file in ["checkpoints/step-00000020/optimizer.safetensors", "metrics.jsonl"] {
        let alone = try directory.data("run-1/\(file)")
        #expect(try directory.data("run-3/\(file)") == alone, "\(file)")
        #expect(try directory.data("run-5/\(file)") == alone, "\(file)")
      }
    }

    @Test("a short start's choice is kept too, by as many ranks and threads and by no others")
    func shortStart() throws {
      let directory = try TemporaryDirectory()
      let first = try Program.run(
        Self.measured + ["--run", "run", "--max-steps", "3"], ranks: 2, in: directory)
      #expect(first.status == 0 && first.output.contains(": too few steps to measure others"))
      let json = String(
        decoding: try directory.data("run/communication.json"), as: UTF8.self)
      #expect(json.contains("\"blocking\"") && json.contains("\"ranks\" : 2"), "\(json)")
      // More than a hundred steps are left, which would be worth a measurement.
      func resume(ranks: Int, _ flags: [String] = []) throws -> Program.Outcome {
        try Program.run(
          ["train", "--resume", "--run", "run", "--epochs", "10", "--max-steps", "5"] + flags,
          ranks: ranks, in: directory)
      }
      let second = try resume(ranks: 2)
      #expect(second.output.contains(" 4 MiB as settled at an earlier start"), "\(second)")
      let threads = try resume(ranks: 1, ["--threads", "2"])
      #expect(!threads.output.contains("as settled at an earlier start"), "\(threads)")
      let third = try resume(ranks: 2)
      #expect(third.output.contains(" 4 MiB as settled at an earlier start"), "\(third)")
    }

    // On a machine that others use, attempts may be spoilt: their work slows the other rank too.
    @Test("a rank half as slow again is named within twenty steps, with its host and what it costs")
    func straggler() throws {
      let host = ProcessInfo.processInfo.hostName
      // A third of the rank's own time, less what both wait for the network: not nothing, and no more.
      let shares = 10...45
      var found: (step: Int, share: Int)?
      var directory = try TemporaryDirectory()
      for _ in 0..<4 {
        directory = try TemporaryDirectory()
        let outcome = try Program.run(
          [
            "train", "--run", "run", "--epochs", "4", "--widths", "64,128", "--test-samples", "10",
          ], ranks: 2, environment: ["LCNN_DIST_DRILL": "slow:rank=1,step=1"], in: directory)
        #expect(outcome.status == 0, "\(outcome)")
        let line = outcome.outputLines.first { $0.contains(" is slow: ") }
        let words = line?.firstMatch(
          of:
            /step (\d+): rank 1 on (.+) is slow: .+ ms without waiting per step.+ costs (\d+) % of each/
        )
        guard let words, words.2 == host, let step = Int(words.1), let share = Int(words.3) else {
          continue
        }
        found = (step, share)
        if step <= 20 && shares.contains(share) { break }
      }
      #expect(found.map { $0.step <= 20 } == true, "\(String(describing: found))")
      #expect(found.map { shares.contains($0.share) } == true, "\(String(describing: found))")

      struct Line: Decodable {
        struct Rank: Decodable { let host: String }
        let steps: Int
        let ranks: [Rank]
      }
      let text = String(decoding: try directory.data("run/timings.jsonl"), as: UTF8.self)
      let lines = try text.split(separator: "\n").map {
        try JSONDecoder().decode(Line.self, from: Data($0.utf8))
      }
      #expect(lines.map(\.steps) == [23, 23, 23, 23])
      #expect(lines.allSatisfy { $0.ranks.map(\.host) == [host, host] })
    }
  }
}
