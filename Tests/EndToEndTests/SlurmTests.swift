import Foundation
import TestFiles
import Testing

extension ProgramRuns {
  /// `launch/slurm/train.sbatch`: when it queues itself again.
  @Suite struct SlurmTests {
    private static let template = Program.script("launch/slurm/train.sbatch")

    /// What stands in for a command of Slurm and writes its arguments down.
    private static func write(_ name: String, doing body: String, to directory: TemporaryDirectory)
      throws
    {
      let script = "#!/bin/sh\necho \"$@\" >\(directory.path)/\(name).arguments\n\(body)\n"
      let path = try directory.write(Array(script.utf8), to: "bin/\(name)")
      try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
    }

    @Test(
      "the job queues itself again when its time is up, and not when it fails or is cancelled",
      arguments: [(SIGUSR1, 75, true), (SIGUSR1, 76, false), (SIGTERM, 75, false)]
        as [(Int32, Int32, Bool)])
    func requeue(signal: Int32, code: Int32, isQueued: Bool) throws {
      let directory = try TemporaryDirectory()
      // As ranks under Slurm: those get SIGUSR1 from srun, and SIGTERM from Slurm.
      try Self.write(
        "srun", doing: "trap 'exit \(code)' USR1 TERM; while :; do sleep 0.05; done", to: directory)
      try Self.write("scontrol", doing: "", to: directory)
      let job = try Program.start(
        command: ["bash", Self.template, "runs/a", "--epochs", "2"],
        environment: [
          "PATH": "\(directory.path)/bin:/usr/bin:/bin", "SLURM_JOB_ID": "17",
          "SLURM_SUBMIT_DIR": "/submit",
        ], in: directory)
      while job.isRunning && (try? directory.data("srun.arguments").isEmpty) != false {
        usleep(10_000)
      }
      job.send(signal: signal)
      if signal == SIGTERM { try sendToRanks(SIGTERM, in: directory) }
      let outcome = try job.outcome()
      #expect(outcome.status == code, "\(outcome)")
      #expect(
        try directory.text("srun.arguments")
          == "--mpi=pmix --wait=60 /submit/.build/release/lcnn-dist train --run runs/a --epochs 2\n"
      )
      let queued = try? directory.text("scontrol.arguments")
      #expect(queued == (isQueued ? "requeue 17\n" : nil))
    }

    /// Sends a signal to the stand-in for srun.
    private func sendToRanks(_ signal: Int32, in directory: TemporaryDirectory) throws {
      let script = Data("\(directory.path)/bin/srun".utf8)
      let processes = try FileManager.default.contentsOfDirectory(atPath: "/proc")
        .compactMap { Int32($0) }
        .filter {
          FileManager.default.contents(atPath: "/proc/\($0)/cmdline")?.range(of: script) != nil
        }
      for process in processes { kill(process, signal) }
    }

    private static let isInstalled: Bool = {
      let outcome = try? Program.start(
        command: ["sh", "-c", "command -v slurmctld && command -v munged && command -v srun"]
      ).outcome()
      return geteuid() == 0 && outcome?.status == 0
    }()

    @Test(
      "under Slurm a job goes on after its time was up, and a cancelled one keeps a checkpoint",
      .enabled(if: isInstalled, "needs root and the packages slurm-wlm and munge"))
    func cluster() throws {
      let directory = try TemporaryDirectory()
      let state = "\(directory.path)/slurm"
      let environment = [
        "SLURM_CONF": "\(state)/slurm.conf",
        "PATH": try #require(
          URL(string: Program.path())?.deletingLastPathComponent().path(percentEncoded: false))
          + ":" + (ProcessInfo.processInfo.environment["PATH"] ?? ""),
      ]
      @discardableResult func start(_ command: [String]) throws -> Program.Outcome {
        try Program.start(command: command, environment: environment, in: directory).outcome()
      }
      func run(_ command: [String]) throws -> Program.Outcome {
        let outcome = try start(command)
        try #require(outcome.status == 0, "\(command): \(outcome)")
        return outcome
      }
      func cluster(_ command: String) throws {
        let options = ["--directory", state, "--port", "\(Self.port)"]
        _ = try run([Program.script("cluster/slurm")] + options + [command])
      }
      func wait(for job: String, toBe words: String, after urge: [String]? = nil) throws {
        for _ in 0..<80 {
          if try run(["scontrol", "show", "job", job]).output.contains(words) { return }
          // Refused where it comes too late.
          if let urge { try start(urge) }
          usleep(250_000)
        }
        let log = try? directory.text("job.out")
        Issue.record("job \(job) is not \(words) after 20 s: \(log ?? "")")
      }
      func metricsLines() -> Int {
        ((try? directory.text("run/metrics.jsonl")) ?? "").split(separator: "\n").count
      }
      func waitForMetrics(_ count: Int) {
        for _ in 0..<400 where metricsLines() < count { usleep(50_000) }
      }

      defer { try? cluster("down") }
      try cluster("up")
      // Enough epochs for an hour: both ends come by signals.
      let job = try run(
        ["sbatch", "--parsable", "--output=job.out", Self.template, "run", "--epochs", "100000"]
      ).outputLines[0]
      waitForMetrics(3)
      // What Slurm does by itself 90 seconds before the time limit.
      _ = try run(["scancel", "--batch", "--signal=USR1", job])
      try wait(for: job, toBe: "Restarts=1")
      let before = metricsLines()
      // A node takes what is launched in the second in which the job was killed for killed, too.
      usleep(2_500_000)
      // A job that has queued itself waits two minutes otherwise.
      try wait(
        for: job, toBe: "JobState=RUNNING",
        after: ["scontrol", "update", "JobId=\(job)", "StartTime=now"])
      waitForMetrics(before + 3)
      #expect(metricsLines() > before)
      _ = try run(["scancel", job])
      try wait(for: job, toBe: "JobState=CANCELLED")
      let log = try directory.text("job.out")
      #expect(log.contains("resumed after step"), "\(log)")
      #expect(log.components(separatedBy: "stopped by a signal after step").count == 3, "\(log)")
      #expect(log.components(separatedBy: "Queued again").count == 2, "\(log)")
    }

    /// Not those of a Slurm that runs here.
    private static let port = 2 * Int.random(in: 10_000...15_000)
  }
}
