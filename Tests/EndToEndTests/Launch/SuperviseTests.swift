import Foundation
import TestFiles
import Testing

extension WaitingRuns {
  /// `launch/supervise`: which ends it mends, and that a mended run is the undisturbed one.
  @Suite struct SuperviseTests {
    /// A supervised job; its processes can be told by an environment variable.
    private final class Job {
      let directory: TemporaryDirectory
      private let mark = UUID().uuidString
      private let running: Program.Running

      init(
        _ options: [String] = [], _ command: [String], environment: [String: String] = [:],
        in directory: TemporaryDirectory
      ) throws {
        self.directory = directory
        running = try Program.start(
          command: [Program.script("launch/supervise")] + options + ["--"] + command,
          environment: environment.merging(["SUPERVISE_TEST_JOB": mark]) { $1 }, in: directory)
      }

      var isRunning: Bool { running.isRunning }

      func send(signal: Int32) { running.send(signal: signal) }

      func sendToGroup(signal: Int32) { running.sendToGroup(signal: signal) }

      func outcome() throws -> Program.Outcome { try running.outcome() }

      /// Processes of mpirun and of the ranks.
      var processes: [Int32] {
        let entries = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return entries.compactMap { Int32($0) }.filter { process in
          func file(_ name: String) -> Data? {
            FileManager.default.contents(atPath: "/proc/\(process)/\(name)")
          }
          return file("environ")?.range(of: Data("SUPERVISE_TEST_JOB=\(mark)".utf8)) != nil
            && file("cmdline")?.range(of: Data("lcnn-dist\0train".utf8)) != nil
            && file("cmdline")?.range(of: Data("supervise".utf8)) == nil
        }
      }

      func waitForMetrics(of run: String, lines: Int) throws {
        while metrics(of: run) < lines {
          try #require(running.isRunning, "ended before \(lines) lines of metrics")
          usleep(10_000)
        }
      }

      func metrics(of run: String) -> Int {
        ((try? directory.text("\(run)/metrics.jsonl")) ?? "").count { $0 == "\n" }
      }
    }

    private static func train(_ run: String, ranks: Int = 2, epochs: Int) throws -> [String] {
      ["mpirun", "-n", "\(ranks)", try Program.path(), "train", "--run", run, "--threads", "1"]
        + ["--epochs", "\(epochs)"]
    }

    private static func supervisorLines(_ outcome: Program.Outcome) -> [Substring] {
      outcome.errors.split(separator: "\n").filter { $0.hasPrefix("supervise: ") }
    }

    @Test("a run whose ranks and mpirun are killed again and again is the undisturbed run")
    func kills() throws {
      let directory = try TemporaryDirectory()
      let undisturbed = try Program.start(
        command: Self.train("undisturbed", epochs: 16), in: directory
      ).outcome()
      #expect(undisturbed.status == 0, "\(undisturbed)")
      let job = try Job(
        ["--max-restarts", "100", "--pause", "0"], Self.train("killed", epochs: 16), in: directory)
      var generator = SystemRandomNumberGenerator()
      var last = 0
      for _ in 0..<8 {
        // Of 24 lines per epoch. A run that is resumed writes the lines after its checkpoint again.
        last += Int.random(in: 1...40, using: &generator)
        try job.waitForMetrics(of: "killed", lines: last)
        var processes = job.processes
        while job.isRunning && processes.isEmpty {
          usleep(10_000)
          processes = job.processes
        }
        kill(try #require(processes.randomElement(using: &generator)), SIGKILL)
        // All of the start go, and the next kill meets another start.
        while !Set(processes).isDisjoint(with: job.processes) { usleep(10_000) }
      }
      let outcome = try job.outcome()
      #expect(outcome.status == 0, "\(outcome)")
      #expect(Self.supervisorLines(outcome).count == 8, "\(outcome)")
      for file in [
        "metrics.jsonl", "checkpoints/step-00000368/model.safetensors",
        "checkpoints/step-00000368/optimizer.safetensors",
      ] {
        #expect(
          try directory.data("killed/\(file)") == directory.data("undisturbed/\(file)"), "\(file)")
      }
    }

    @Test("a job that always crashes is given up, with the reason")
    func crashLoop() throws {
      let job = try Job(
        ["--max-restarts", "2", "--pause", "0"], Self.train("run", epochs: 1),
        environment: ["LCNN_DIST_DRILL": "kill:rank=1,step=3"], in: TemporaryDirectory())
      let outcome = try job.outcome()
      #expect(outcome.status == MPIFamily.code(ofRankKilledBy: SIGKILL), "\(outcome)")
      let lines = Self.supervisorLines(outcome)
      #expect(lines.count == 3)
      #expect(lines.last?.contains("gave up after 2 restarts within 3600 s") == true, "\(lines)")
      // MPICH's mpirun tells it on standard output.
      let reason = MPIFamily.isMPICH ? "code 9" : "mpirun noticed that process rank 1"
      #expect(lines.last?.contains(reason) == true, "\(lines)")
    }

    @Test(
      "a job that would fail again is not started again",
      arguments: [
        (["mpirun", "-n", "1", "lcnn-dist", "train", "--epocs", "1"], 64),
        (["mpirun", "-n", "1", "lcnn-dist", "train", "--data-set", "idx", "--data", "none"], 65),
        (
          ["mpirun", "-n", "1", "--no-such-option", "lcnn-dist", "train"],
          MPIFamily.isMPICH ? 255 : 1
        ),
        (["no-such-launcher", "train"], 127),
        // Ranks that are not alike, or that do not see each other.
        (["sh", "-c", "mkdir run; exit 69", "train"], 69),
      ] as [([String], Int32)])
    func finalEnds(command: [String], code: Int32) throws {
      let program = try Program.path()
      let words = command.map { $0 == "lcnn-dist" ? program : $0 }
      let outcome = try Job([], words + ["--run", "run"], in: TemporaryDirectory()).outcome()
      #expect(outcome.status == code, "\(outcome)")
      #expect(Self.supervisorLines(outcome).isEmpty, "\(outcome)")
    }

    @Test("a signal stops the ranks after a checkpoint, for good", arguments: [SIGTERM, SIGUSR1])
    func stop(signal: Int32) throws {
      try expectStop { $0.send(signal: signal) }
    }

    @Test(
      "a signal to the supervisor's group, as from a terminal, stops the ranks after a checkpoint",
      arguments: [SIGINT, SIGHUP, SIGTERM, SIGUSR1])
    func stopByGroup(signal: Int32) throws {
      try expectStop { $0.sendToGroup(signal: signal) }
    }

    private func expectStop(_ send: (Job) -> Void) throws {
      let job = try Job([], Self.train("run", epochs: 1_000_000), in: TemporaryDirectory())
      try job.waitForMetrics(of: "run", lines: 1)
      send(job)
      let outcome = try job.outcome()
      // MPICH's mpirun ends with 0 at times where it has passed a signal on.
      let isLost = MPIFamily.isMPICH && outcome.status == 0
      #expect(outcome.status == ExitStatus.stopped.rawValue || isLost, "\(outcome)")
      #expect(outcome.errors.contains("stopped by a signal after step"), "\(outcome)")
      #expect(Self.supervisorLines(outcome).isEmpty, "\(outcome)")
    }

    @Test(
      "when a host is cut off for good, its ranks are left out, and a reproducible run is the same",
      .enabled(if: NamespaceHosts.areAvailable, NamespaceHosts.requirement), .localLauncher)
    func lostHost() throws {
      let directory = try TemporaryDirectory()
      let options = ["--epochs", "8", "--threads", "1", "--reproducible"]
      let alone = try Program.run(["train", "--run", "alone"] + options, in: directory)
      #expect(alone.status == 0, "\(alone)")
      let hosts = try NamespaceHosts()
      let names = ["\(hosts.name)-1", "\(hosts.name)-2"]
      let status = "\(Program.script("cluster/netns/hosts")) --name \(hosts.name) status"
      let job = try Job(
        [
          "--pause", "0", "--hosts", "\(names[0]):1,\(names[1]):1",
          "--probe", "\(status) | grep -q '^{host} .* link up'",
        ],
        [
          Program.script("launch/local"), "-n", "{ranks}", "--hosts", "netns:{nodes}",
          "--program", try Program.path(), "--", "train", "--run", "run", "--stall-timeout", "3",
        ] + options, in: directory)
      try job.waitForMetrics(of: "run", lines: 30)
      #expect(try hosts.command("cut", "2").status == 0)
      let outcome = try job.outcome()
      #expect(outcome.status == 0, "\(outcome)")
      #expect(outcome.errors.contains("\(names[1]) does not answer"), "\(outcome)")
      #expect(outcome.output.contains("run run: 1 rank,"), "\(outcome)")
      for file in ["metrics.jsonl", "checkpoints/step-00000184/model.safetensors"] {
        #expect(try directory.data("run/\(file)") == directory.data("alone/\(file)"), "\(file)")
      }
    }
  }
}
