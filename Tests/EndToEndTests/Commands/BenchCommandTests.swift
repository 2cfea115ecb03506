import Failures
import Foundation
import Reporting
import TestFiles
import Testing

extension ProgramRuns {
  /// The benchmark from the command line, in its quick form.
  @Suite struct BenchCommandTests {
    private static let quick = ["bench", "--quick", "--batch-size", "6", "--threads", "1"]
    private static let headings = [
      "MACHINE", "KERNELS", "STEP", "ARMS", "ALLREDUCE", "OVERLAP", "SCALING", "REPRODUCIBLE",
      "DIAGNOSIS", "OBSERVATION",
      "MODEL",
    ]

    @Test("every section is printed once, by rank 0, and what was measured is in the file")
    func sections() throws {
      let directory = try TemporaryDirectory()
      let outcome = try Program.run(
        Self.quick + ["--gradient-norm-penalty", "0.01", "--json", "b.json"], ranks: 2,
        in: directory)
      #expect(outcome.status == 0 && outcome.complaints.isEmpty, "\(outcome)")
      for heading in Self.headings {
        #expect(outcome.outputLines.count { $0 == heading } == 1, "\(heading): \(outcome.output)")
      }
      let json = try JSONSerialization.jsonObject(with: directory.data("b.json"))
      let found = try #require(json as? [String: Any])
      try FileFormat.named("bench --json").compare(with: found)
      for key in [
        "machine", "kernels", "step", "arms", "allreduce", "overlap", "scaling", "reproducible",
        "diagnosis", "observation",
        "placement", "load-before",
      ] {
        #expect(found[key] != nil, "no \(key)")
      }
      let scaling = try #require(found["scaling"] as? [String: Any])
      #expect(scaling["ranks"] as? Int == 2 && scaling["samples"] as? Int == 3, "\(scaling)")
      let diagnosis = try #require(found["diagnosis"] as? [String: Any])
      let recorded = try #require(diagnosis["collectives"] as? [String: Any])
      // Six batch norms in four passes, one bucket, and three meetings.
      #expect(recorded["per-step"] as? Int == 28, "\(diagnosis)")
      let observation = try #require(found["observation"] as? [String: Any])
      let spans = try #require(observation["spans"] as? [String: Any])
      // Seven phases and their step, some layers in four passes, 25 sums.
      #expect(try #require(spans["per-step"] as? Int) > 50, "\(observation)")
      #expect(observation["trace-over-off"] is [String: Any], "\(observation)")
      let step = try #require(found["step"] as? [String: Any])
      #expect(step["ranks"] as? Int == 2 && step["samples"] as? Int == 3, "\(step)")
      let (plan, resident) = (step["memory-bytes"] as? Int, step["resident-bytes"] as? Int)
      #expect(try #require(resident) > #require(plan), "\(step)")
      let faults = step["page-faults"] as? Int
      #expect(faults == 0)
      let passes = try #require(step["passes"] as? [[String: Any]]).compactMap {
        $0["pass"] as? String
      }
      #expect(passes.contains("forwardTangent") && passes.contains("reduce"), "\(passes)")
    }

    @Test("threads are ranks")
    func threads() throws {
      let outcome = try Program.run(Self.quick.dropLast(2) + ["allreduce", "--threads", "2"])
      #expect(outcome.status == 0 && outcome.complaints.isEmpty, "\(outcome)")
      #expect(outcome.output.contains("2 ranks, threads of one process"), "\(outcome.output)")
    }

    @Test(
      "threads of several processes are measured together and by themselves, and so is the diagnosis"
    )
    func threadsOfProcesses() throws {
      let outcome = try Program.run(
        Self.quick.dropLast(2) + ["scaling", "diagnosis", "--threads", "2"], ranks: 2)
      #expect(outcome.status == 0 && outcome.complaints.isEmpty, "\(outcome)")
      #expect(outcome.output.contains("together: 4 ranks in one job"), "\(outcome.output)")
      #expect(outcome.output.contains("ledger and watchdog on"), "\(outcome.output)")
    }

    @Test("without a watchdog its cost is not measured")
    func unwatched() throws {
      let outcome = try Program.run(Self.quick + ["diagnosis", "--watchdog", "off"], ranks: 2)
      #expect(outcome.status == 0 && outcome.complaints.isEmpty, "\(outcome)")
      #expect(outcome.output.contains("--watchdog off: there is nothing to turn on and off"))
    }

    @Test("predictions say that they are, and one rank has no sums to measure")
    func solo() throws {
      let outcome = try Program.run(Self.quick + ["allreduce", "scaling", "diagnosis", "model"])
      #expect(outcome.status == 0 && outcome.complaints.isEmpty, "\(outcome)")
      #expect(outcome.output.contains("one rank: there is nothing to sum"))
      #expect(outcome.output.contains("one rank: there is no rank to compare it with"))
      #expect(outcome.output.contains("one rank: there is no rank to wait for"))
      #expect(outcome.output.contains("PREDICTED") && outcome.output.contains("\n1024 "))
      #expect(!outcome.output.contains("KERNELS"), "a section that was not asked for")
    }

    private static let processors = ProcessInfo.processInfo.activeProcessorCount

    @Test(
      "more ranks than cores predict nothing",
      .enabled(if: processors < 8, "starts a rank more than there are processors"))
    func oversubscribed() throws {
      let outcome = try Program.run(Self.quick + ["model"], ranks: max(2, Self.processors + 1))
      #expect(outcome.status == 0, "\(outcome)")
      #expect(outcome.output.contains("no prediction: there are more ranks than cores"))
      #expect(!outcome.output.contains("PREDICTED"), "\(outcome.output)")
    }

    private static let refusals: [(arguments: [String], status: ExitStatus, words: String)] = [
      (["everything"], .usage, "everything"),
      (["--batch-size", "1"], .usage, "--batch-size 1"),
      (["machine", "--json", "none/b.json"], .writeFailed, "none/b.json"),
      (["--widths", "8"], .usage, "widths"),
    ]

    @Test("what cannot be measured is refused before anything is", arguments: refusals.indices)
    func refused(index: Int) throws {
      let refusal = Self.refusals[index]
      let outcome = try Program.run(["bench", "--quick"] + refusal.arguments, ranks: 2)
      #expect(outcome.status == refusal.status.rawValue, "\(outcome)")
      #expect(outcome.complaints.first?.contains(refusal.words) ?? false, "\(outcome.complaints)")
      #expect(outcome.output.isEmpty, "\(outcome.output)")
    }
  }
}
