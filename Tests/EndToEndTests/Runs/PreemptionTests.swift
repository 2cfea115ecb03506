import Failures
import Foundation
import TestFiles
import Testing

extension WaitingRuns {
  /// Requests to a run for a checkpoint or for its end.
  @Suite struct PreemptionTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func start(
      ranks: Int? = nil, _ flags: [String] = [], environment: [String: String] = [:]
    ) throws -> Program.Running {
      let running = try Program.start(
        ["train", "--epochs", "100000", "--test-samples", "10", "--run", "run"] + flags,
        ranks: ranks, environment: environment, in: directory)
      while running.isRunning && (try? directory.data("run/metrics.jsonl"))?.isEmpty ?? true {
        usleep(1000)
      }
      return running
    }

    private func expectStop(_ running: Program.Running, by reason: String) throws {
      let outcome = try running.outcome()
      #expect(outcome.status == ExitStatus.stopped.rawValue, "\(outcome)")
      #expect(outcome.errors.contains("stopped by \(reason)"), "\(outcome)")
      // The checkpoint is that of the last step in the metrics.
      let last = try directory.text("run/metrics.jsonl").split(separator: "\n").last ?? ""
      let step = try #require(last.firstMatch(of: /"step": (\d+)/)?.1)
      let name = "step-" + String(repeating: "0", count: 8 - step.count) + step
      #expect(try directory.snapshot().keys.contains("run/checkpoints/\(name)/SHA256SUMS"))
    }

    @Test("a terminal that is closed ends the run after a checkpoint")
    func hangUp() throws {
      let running = try start()
      running.send(signal: SIGHUP)
      try expectStop(running, by: "a signal")
    }

    @Test("a signal that nohup has ignored ends no run")
    func nohup() throws {
      let running = try Program.start(
        command: [
          "bash", "-c", "trap '' HUP INT; exec \"$0\" \"$@\"", try Program.path(), "train", "--run",
          "run", "--epochs", "3", "--test-samples", "10",
        ], in: directory)
      while running.isRunning && (try? directory.data("run/metrics.jsonl"))?.isEmpty ?? true {
        usleep(1000)
      }
      running.send(signal: SIGHUP)
      running.send(signal: SIGINT)
      let outcome = try running.outcome()
      #expect(outcome.status == 0 && !outcome.errors.contains("stop"), "\(outcome)")
    }

    @Test("RUN/SAVE makes a checkpoint within an epoch, and RUN/STOP ends the run, on two ranks")
    func files() throws {
      let running = try start(ranks: 2, ["--batch-size", "8", "--checkpoint-every", "1000"])
      try directory.write([], to: "run/SAVE")
      let save = "\(directory.path)/run/SAVE"
      while running.isRunning && FileManager.default.fileExists(atPath: save) { usleep(1000) }
      let names = try FileManager.default.contentsOfDirectory(
        atPath: "\(directory.path)/run/checkpoints")
      #expect(running.isRunning && names.count { $0.hasPrefix("step-") } == 2, "\(names)")
      try directory.write([], to: "run/STOP")
      try expectStop(running, by: "run/STOP")
      #expect(try !directory.snapshot().keys.contains("run/STOP"))
    }

    @Test("the end of a Slurm job's time ends the run before it")
    func jobTime() throws {
      let end = Int(Date().timeIntervalSince1970) + 36
      try expectStop(
        try start(environment: ["SLURM_JOB_END_TIME": "\(end)"]), by: "the end of the job's time")
      #expect(Int(Date().timeIntervalSince1970) < end)
    }

    @Test("minutes, however few, ask for checkpoints within an epoch")
    func minutes() throws {
      let outcome = try Program.run(
        [
          "train", "--run", "run", "--test-samples", "10", "--batch-size", "8", "--max-steps", "90",
          "--checkpoint-minutes", "0.0001", "--keep-checkpoints", "1000",
        ], in: directory)
      #expect(outcome.status == 0, "\(outcome)")
      let names = try FileManager.default.contentsOfDirectory(
        atPath: "\(directory.path)/run/checkpoints")
      // Those of step 0 and of the last step are made in any case.
      #expect(names.count > 3, "\(names)")
    }

    @Test("a second signal ends a process at once that cannot end its step")
    func secondSignal() throws {
      let running = try start(
        ["--watchdog", "off"], environment: ["LCNN_DIST_DRILL": "sleep:rank=0,step=3"])
      running.send(signal: SIGTERM)
      usleep(1_500_000)
      #expect(running.isRunning)
      running.send(signal: SIGTERM)
      let outcome = try running.outcome()
      #expect([-SIGTERM, 128 + SIGTERM].contains(outcome.status), "\(outcome)")
    }

    @Test("checkpoints after steps and minutes are kept by the rules of the recipe")
    func intervals() throws {
      let outcome = try Program.run(
        [
          "train", "--run", "run", "--test-samples", "10", "--train-samples", "192", "--epochs",
          "4", "--checkpoint-steps", "2", "--keep-checkpoints", "1", "--keep-every", "2",
          "--keep-best", "1",
        ], in: directory)
      #expect(outcome.status == 0, "\(outcome)")
      let list = try Program.run(["checkpoint", "list", "run"], in: directory)
      let steps = list.outputLines.dropFirst().compactMap {
        $0.firstMatch(of: /step-(\d+)/).flatMap { Int($0.1) }
      }
      // Three steps per epoch; the best is one of the epochs' ends.
      #expect(Set([6, 12]).isSubset(of: steps) && steps.count <= 3, "\(list)")
      #expect(list.output.contains("latest") && list.output.contains("best"), "\(list)")
      for name in ["run/latest", "run/best"] {
        let measured = try Program.run(["evaluate", "--model", name], in: directory)
        #expect(measured.status == 0, "\(measured)")
        #expect(measured.errors.contains("model: run/checkpoints/step-"), "\(measured)")
      }
    }
  }
}
