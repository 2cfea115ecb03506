import Foundation
import TestFiles
import Testing
import Training

extension WaitingRuns {
  /// Reports of a rank that crashes or hangs, and the ways to attach a debugger to it.
  @Suite struct DebuggingTests {
    private static let withDebugger: ConditionTrait = .enabled(
      if: ["/usr/bin/gdb", "/usr/local/bin/gdb"].contains {
        FileManager.default.isExecutableFile(atPath: $0)
      }, "gdb is not installed")

    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func fault(_ fault: FaultInjection.Fault, step: Int = 3) -> [String: String] {
      [FaultInjection.variable: "\(fault):rank=1,step=\(step)"]
    }

    /// `launch/local` with three ranks, of which rank 1 is debugged.
    private func debug(
      at place: String, _ options: [String] = [], environment: [String: String] = [:],
      _ flags: [String] = []
    ) throws -> Program.Outcome {
      try Program.start(
        command: [
          Program.script("launch/local"), "-n", "3", "--log-dir", "logs", "--program",
          try Program.path(), "--debug", "1", "--debug-at", place,
        ] + options + ["--", "train", "--run", "run", "--epochs", "2"] + flags,
        environment: environment, in: directory
      ).outcome()
    }

    @Test(
      "a crash ends with its signal, rank, process, place, log and backtrace",
      arguments: [
        (.segfault, "SIGSEGV at address 0x40", SIGSEGV),
        (.trap, "SIGILL (a failed check of the program)", SIGILL), (.abort, "SIGABRT", SIGABRT),
      ] as [(FaultInjection.Fault, String, Int32)])
    func crash(_ fault: FaultInjection.Fault, words: String, signal: Int32) throws {
      let outcome = try Program.run(
        ["train", "--run", "run"], ranks: 2, environment: self.fault(fault), in: directory)
      #expect(outcome.status == MPIFamily.code(ofRankKilledBy: signal), "\(outcome)")
      let report = try #require(outcome.errors.range(of: "lcnn-dist: rank 1 of 2 (host "))
      let text = outcome.errors[report.lowerBound...]
      let headline = String(text.prefix { $0 != "\n" })
      #expect(headline.contains(", process "), "\(headline)")
      #expect(
        headline.contains("crashed by \(words) in “step 3, waiting for a batch”"), "\(headline)")
      #expect(text.contains("  step 2: "), "no line of the log: \(text)")
      #expect(text.contains("FaultInjection.act("), "no backtrace: \(text)")
    }

    @Test("a crash of a helper thread, which blocks other signals, is reported too")
    func helperThread() throws {
      let outcome = try Program.run(
        ["train", "--run", "run", "--threads", "2"], environment: fault(.segfault), in: directory)
      #expect(outcome.status == -SIGSEGV, "\(outcome)")
      #expect(outcome.errors.contains(/crashed by SIGSEGV .* on thread \d+ \(thread 2 of 2\)/))
      #expect(outcome.errors.contains("FaultInjection.act("), "\(outcome)")
    }

    @Test(
      "gdb holds rank 1 of 3 at step 5, and the run finishes after continue", withDebugger,
      .localLauncher)
    func step() throws {
      let outcome = try debug(at: "5", ["--gdb-command", "continue"], ["--stall-timeout", "2"])
      #expect(outcome.status == 0, "\(outcome)")
      #expect(outcome.errors.contains("rank 1 is at step 5"), "\(outcome)")
      #expect(outcome.errors.contains("Trainer"), "no backtrace: \(outcome)")
      #expect(outcome.output.contains("test accuracy "), "\(outcome)")
    }

    @Test(
      "gdb shows where a crash, a hang and a value that is not finite came from", withDebugger,
      .localLauncher,
      arguments: [
        ("crash", .segfault, "FaultInjection"), ("hang", .sleep, "FaultInjection"),
        ("nan", .nan, "Trainer"),
      ] as [(String, FaultInjection.Fault, String)])
    func place(_ place: String, _ fault: FaultInjection.Fault, _ function: String) throws {
      let outcome = try debug(
        at: place, environment: self.fault(fault), ["--stall-timeout", "2"])
      #expect(outcome.status != 0, "\(outcome)")
      let backtrace = try directory.text("logs/gdb.1")
      #expect(backtrace.contains("Thread 1 ") && backtrace.contains(function), "\(backtrace)")
    }

    @Test("without launch/local a rank waits, says where, and is waited for", withDebugger)
    func waits() throws {
      let run = try Program.start(
        [
          "train", "--run", "run", "--epochs", "1", "--stall-timeout", "1",
          "--wait-for-debugger", "1", "--debug-at", "collective:40",
        ], ranks: 2, in: directory)
      usleep(6_000_000)
      #expect(run.isRunning, "the watchdog has ended a rank that waits for a debugger")
      let text = run.errorsSoFar
      let match = try #require(
        text.firstMatch(of: /rank 1 of 2 .*, process (\d+), waits for a debugger at collective 40:/)
      )
      #expect(text.contains("is held by a debugger, or waits for one; the others wait"), "\(text)")
      let gdb = try Program.start(command: [
        "gdb", "--batch", "-p", "\(match.1)", "-ex", "handle SIG61 nostop noprint", "-ex",
        "continue",
      ]).outcome()
      let outcome = try run.outcome()
      #expect(outcome.status == 0, "\(outcome) \(gdb)")
    }

    @Test("with --log-level debug every rank tells of its start-up and of each step")
    func log() throws {
      let outcome = try Program.run(
        ["train", "--max-steps", "2", "--test-samples", "10", "--log-level", "debug"], ranks: 2,
        in: directory)
      #expect(outcome.status == 0, "\(outcome)")
      let lines = outcome.errors.split(separator: "\n")
      for rank in 0..<2 {
        for words in ["process ", "data read", "network planned", "step 1: 32 of 64 samples, loss"]
        {
          #expect(
            lines.contains {
              $0.hasPrefix("debug lcnn-dist: rank \(rank): +") && $0.contains(words)
            }, "rank \(rank) does not say “\(words)”: \(outcome.errors)")
        }
      }
    }
  }
}
