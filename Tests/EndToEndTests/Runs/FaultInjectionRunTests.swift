import Failures
import Foundation
import TestFiles
import Testing
import Training

extension WaitingRuns {
  /// Outcome of a fault of one rank, which `LCNN_DIST_DRILL` makes.
  @Suite struct FaultInjectionRunTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    /// Two ranks train the digits into `run`, and rank 1 fails in step 3.
    private func train(
      _ fault: FaultInjection.Fault, _ flags: [String] = []
    ) throws -> (outcome: Program.Outcome, complaints: [String]) {
      let arguments = ["train", "--run", "\(directory.path)/run"]
      let outcome = try Program.run(
        arguments + flags, ranks: 2,
        environment: [FaultInjection.variable: "\(fault):rank=1,step=3"],
        in: directory)
      #expect(
        outcome.output.contains("fault injection: \(fault) on rank 1 in step 3"), "\(outcome)")
      #expect(!outcome.output.contains("test accuracy"), "\(outcome)")
      return (outcome, outcome.complaints.filter { $0.hasPrefix("lcnn-dist: ") })
    }

    /// The text that each rank's ledger was written to.
    private func dump(_ rank: Int) throws -> String {
      String(decoding: try directory.data("run/watch/rank-000\(rank).txt"), as: UTF8.self)
    }

    private func metrics() throws -> [Substring] {
      String(decoding: try directory.data("run/metrics.jsonl"), as: UTF8.self)
        .split(separator: "\n")
    }

    @Test("a rank that sleeps for ever is warned of, then named, and all ranks leave their ledgers")
    func sleep() throws {
      let (outcome, complaints) = try train(.sleep, ["--stall-timeout", "4"])
      // MPICH's mpirun may tell the end of a rank that it has killed itself.
      let isKilled = MPIFamily.isMPICH && outcome.status == SIGKILL
      #expect(outcome.status == ExitStatus.stalled.rawValue || isKilled, "\(outcome)")
      // On a busy machine there may have been a warning of something else before.
      #expect(complaints.count >= 2, "\(outcome)")
      for line in complaints.suffix(2) {
        #expect(line.contains(/: rank 1 .host .+. has not entered collective \d+ ./), "\(line)")
        #expect(
          line.contains(
            "(node barrier; step 3, refresh), in which rank 0 waits"),
          "\(line)")
        #expect(line.contains("it has been in “step 3, waiting for a batch” for "), "\(line)")
      }
      let place = "the ranks' last collectives are in \(directory.path)/run/watch"
      #expect(complaints.last?.hasSuffix(place) == true, "\(outcome)")
      #expect(try dump(0).contains("  is in it  node barrier; step 3, refresh\n"))
      #expect(try dump(1).contains("in “step 3, waiting for a batch” for "))
      #expect(try dump(1).contains("  node barrier; step 2, update\nthread "))
      #expect(try dump(1).contains("FaultInjection.act("), "no stack of the rank that sleeps")
    }

    @Test("a rank that leaves out a sum is found by what it does instead")
    func skip() throws {
      let (outcome, complaints) = try train(.skip)
      #expect(outcome.status == ExitStatus.stalled.rawValue, "\(outcome)")
      // MPI may have noticed that the lengths differ, or not.
      let line = try #require(complaints.last)
      #expect(line.contains("ranks make different collectives: collective "), "\(line)")
      #expect(line.contains(" is an allreduce of 33 doubles on rank 0 "), "\(line)")
      #expect(line.contains(", but an allreduce of 65 doubles on rank 1 "), "\(line)")
      #expect(try dump(0).contains("step 3") && dump(1).contains("step 3"))
    }

    @Test("an error on one rank stops all at the same step, with its reason")
    func raise() throws {
      let (outcome, complaints) = try train(.raise)
      #expect(outcome.status == ExitStatus.writeFailed.rawValue, "\(outcome)")
      #expect(complaints == ["lcnn-dist: rank 1: the injected error in step 3"], "\(outcome)")
      #expect(try metrics().count == 2, "step 3 was made")
    }

    @Test("a pixel of one rank that is not a number stops all")
    func nan() throws {
      let (outcome, complaints) = try train(.nan)
      #expect(outcome.status == ExitStatus.diverged.rawValue, "\(outcome)")
      #expect(complaints.count == 1, "\(outcome)")
      let line = complaints.first ?? ""
      #expect(
        line.contains(
          /not finite at step 3 of epoch 1, first on rank 1: the pixels of sample \d+ of the training/
        ),
        "\(outcome)")
    }

    @Test("or, if the recipe says so, has all ranks leave out the step")
    func skippedNaN() throws {
      let outcome = try Program.run(
        ["train", "--run", "run", "--on-nonfinite", "skip", "--max-steps", "5"], ranks: 2,
        environment: [FaultInjection.variable: "nan:rank=1,step=3"], in: directory)
      #expect(outcome.status == 0, "\(outcome)")
      #expect(outcome.output.contains("step 3 left out"), "\(outcome)")
      let applied = try metrics().filter { $0.contains("\"applied\"") }
        .map { $0.contains("\"applied\": 1") }
      #expect(applied == [true, true, false, true, true])
    }

    @Test("a bit of a weight of its own that flips on one rank is found at the next comparison")
    func flip() throws {
      let (outcome, complaints) = try train(
        .flip, ["--divergence-check-every", "5", "--shared-memory", "off"])
      #expect(outcome.status == ExitStatus.replicasDiffer.rawValue, "\(outcome)")
      #expect(complaints.count == 1, "\(outcome)")
      let line = complaints.first ?? ""
      #expect(line.contains("rank 1 no longer holds what rank 0 holds: "), "\(line)")
      #expect(line.contains("differs after step 5"), "\(line)")
    }

    @Test("a copy of a model that differs on one rank becomes no checkpoint, and ends the run")
    func flipBeforeCheckpoint() throws {
      let (outcome, complaints) = try train(
        .flip, ["--checkpoint-steps", "4", "--shared-memory", "off"])
      #expect(outcome.status == ExitStatus.replicasDiffer.rawValue, "\(outcome)")
      #expect(complaints.count == 1, "\(outcome)")
      #expect(
        complaints.first?.contains("rank 1 no longer holds what rank 0 holds: ") ?? false,
        "\(outcome)")
      let names = try FileManager.default.contentsOfDirectory(
        atPath: "\(directory.path)/run/checkpoints")
      #expect(names == ["step-00000000"], "\(names)")
    }

    @Test("a rank that is killed takes the others along, and no process is left")
    func kill() throws {
      let (outcome, _) = try train(.kill)
      #expect(outcome.status == MPIFamily.code(ofRankKilledBy: SIGKILL), "\(outcome)")
      // mpirun may be gone before the last rank is.
      var left = try processes()
      for _ in 0..<100 where !left.isEmpty {
        usleep(50_000)
        left = try processes()
      }
      #expect(left.isEmpty)
    }

    /// Processes whose command line names this test's directory.
    private func processes() throws -> [String] {
      try FileManager.default.contentsOfDirectory(atPath: "/proc").filter { name in
        guard Int(name) != nil,
          let bytes = FileManager.default.contents(atPath: "/proc/\(name)/cmdline")
        else { return false }
        return String(decoding: bytes, as: UTF8.self).contains("\(directory.path)/run")
      }
    }

    @Test("SIGUSR2 makes every rank write its ledger and go on; the run is nobody else's meanwhile")
    func request() throws {
      let run = try Program.start(
        ["train", "--run", "run", "--epochs", "100000", "--stall-timeout", "8"], ranks: 2,
        in: directory)
      func wait(for condition: () -> Bool) {
        for _ in 0..<600 where run.isRunning && !condition() { usleep(50_000) }
      }
      wait { (try? metrics().count > 2) ?? false }
      run.send(signal: SIGUSR2)
      wait { (try? !dump(0).isEmpty && !dump(1).isEmpty) ?? false }
      #expect(
        try dump(0).hasPrefix("rank 0 of 2 (host ") && dump(1).contains("allreduce of 33 doubles"))
      let second = try Program.run(["train", "--resume", "--run", "run"], in: directory)
      #expect(second.status == ExitStatus.runDirectory.rawValue, "\(second)")
      #expect(
        second.complaints == [
          "lcnn-dist: run is being trained by another process; wait for its end, or stop it"
        ])
      #expect(run.isRunning)
      run.send(signal: SIGUSR1)
      let outcome = try run.outcome()
      #expect(outcome.status == ExitStatus.stopped.rawValue, "\(outcome)")
      for rank in 0..<2 {
        let line = try #require(
          outcome.complaints.first { $0.contains("rank \(rank) of 2 (host ") })
        #expect(line.hasSuffix("; its last collectives: run/watch/rank-000\(rank).txt"), "\(line)")
      }
    }

    @Test("a fault that cannot be read is refused")
    func malformed() throws {
      let outcome = try Program.run(
        ["train", "--run", "run"], ranks: 2,
        environment: [FaultInjection.variable: "sleep:rank=2,step=3"],
        in: directory)
      #expect(outcome.status == ExitStatus.usage.rawValue, "\(outcome)")
      #expect(
        outcome.complaints == ["lcnn-dist: LCNN_DIST_DRILL: no rank 2 among 2"], "\(outcome)")
    }
  }
}
