import Failures
import Foundation
import TestFiles
import Testing

extension WaitingRuns {
  /// `launch/local`: its command, its exit codes, and that nothing of a job outlives it.
  @Suite struct LocalLauncherTests {
    private static let onHosts: ConditionTrait = .enabled(
      if: NamespaceHosts.areAvailable, NamespaceHosts.requirement)
    /// An hour of digits.
    private static let longRun = ["train", "--epochs", "100000", "--run", "run"]

    /// A started `launch/local`; what it starts can be told by an environment variable.
    private final class Job {
      let directory: TemporaryDirectory
      private let mark = UUID().uuidString
      private let running: Program.Running

      init(_ options: [String], program: String? = nil, _ arguments: [String]) throws {
        directory = try TemporaryDirectory()
        let program = try program ?? Program.path()
        running = try Program.start(
          command: [Program.script("launch/local"), "--log-dir", "logs", "--program", program]
            + options + ["--"] + arguments,
          environment: ["LAUNCHER_TEST_JOB": mark], in: directory)
      }

      func send(signal: Int32) { running.send(signal: signal) }

      func outcome() throws -> Program.Outcome { try running.outcome() }

      /// Waits until a file of that many lines is there.
      func waitForLines(_ count: Int, in file: String) throws {
        while lines(file).count < count {
          try #require(running.isRunning, "ended before there was \(file)")
          usleep(10_000)
        }
      }

      func lines(_ file: String) -> [Substring] {
        ((try? directory.text(file)) ?? "").split(separator: "\n")
      }

      /// Processes that carry the mark, zombies not counted.
      var processes: [Int32] {
        let entries = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return entries.compactMap { Int32($0) }.filter { process in
          let content = FileManager.default.contents(atPath: "/proc/\(process)/environ")
          return content?.range(of: Data("LAUNCHER_TEST_JOB=\(mark)".utf8)) != nil
        }
      }

      var ranks: [Int32] {
        processes.filter { process in
          let content = FileManager.default.contents(atPath: "/proc/\(process)/cmdline")
          return content?.range(of: Data("lcnn-dist\0train".utf8)) != nil
            && content?.first == UInt8(ascii: "/")
        }
      }
    }

    @Test(
      "the command has the options that its ranks and hosts need",
      arguments: [
        (["-n", "4096"], ["--oversubscribe --mca mpi_yield_when_idle 1", "-n 4096"], ["--host"]),
        (["-n", "1"], ["--bind-to none"], ["--oversubscribe", "mpi_yield_when_idle"]),
        (
          ["-n", "3", "--hosts", "a,b", "--interface", "ib0"],
          ["--host a:2,b:1", "btl_tcp_if_include ib0", "oob_tcp_if_include ib0"], ["plm_rsh_agent"]
        ),
        (["-n", "3", "--hosts", "a:1,b:8"], ["--host a:1,b:8"], ["if_include"]),
        (
          ["-n", "2", "--hosts", "netns:2", "--link-timeout", "60"],
          [
            "up 2\n", "/cluster/netns/agent", "btl_tcp_if_include eth0", " down\n",
            "oob_tcp_keepalive_time 30", "oob_tcp_keepalive_intvl 10", "oob_tcp_keepalive_probes 3",
          ], []
        ),
      ])
    func options(_ options: [String], _ present: [String], _ absent: [String]) throws {
      let outcome = try Job(options + ["--dry-run"], ["train"]).outcome()
      #expect(outcome.status == 0, "\(outcome)")
      for words in present { #expect(outcome.output.contains(words), "\(words): \(outcome)") }
      for words in absent { #expect(!outcome.output.contains(words), "\(words): \(outcome)") }
    }

    @Test(
      "wrong options and what is not there are told in one line",
      arguments: [
        (["-n", "0"], 64, "expected a whole number of at least 1, found 0"),
        (["-n", "2", "--hosts", "a,b:2"], 64, "found a,b:2"),
        (["-n", "2", "--hosts", "netns:7"], 64, "found netns:7"),
        (["-n", "1", "--hosts", "a,b"], 69, "1 ranks do not fill 2 hosts"),
        (["-n", "1", "--program", "no-such-program"], 69, "no program no-such-program"),
      ] as [([String], Int32, String)])
    func refused(_ options: [String], _ status: Int32, _ words: String) throws {
      let outcome = try Job(options, ["train"]).outcome()
      #expect(outcome.status == status && outcome.output.isEmpty, "\(outcome)")
      #expect(outcome.complaints.count == 1 && outcome.errors.contains(words), "\(outcome)")
    }

    /// Runs a line of bash, in which mpirun is a stand-in of that version, which reads what it can.
    private func run(_ line: String, version: String) throws -> Program.Outcome {
      let directory = try TemporaryDirectory()
      let standIn = "#!/bin/sh\ncat\n[ \"$1\" != --version ] || echo '\(version)'\n"
      let path = try directory.write(Array(standIn.utf8), to: "bin/mpirun")
      try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
      let search = "\(directory.path)/bin:\(ProcessInfo.processInfo.environment["PATH"] ?? "")"
      let launcher = "'\(Program.script("launch/local"))' -n 2 --program true -- train"
      return try Program.start(
        command: ["bash", "-c", "local() { \(launcher); }; \(line)"],
        environment: ["PATH": search], in: directory
      ).outcome()
    }

    @Test("a loop that reads lines and starts jobs keeps its lines")
    func loop() throws {
      let outcome = try run(
        "printf '1\\n2\\n' | while read -r line; do local && echo \"job $line\"; done",
        version: "mpirun (Open MPI) 4.1.4")
      #expect(outcome.status == 0 && outcome.outputLines == ["job 1", "job 2"], "\(outcome)")
    }

    @Test("the mpirun of another MPI is refused, with its name")
    func otherMPI() throws {
      let outcome = try run("local", version: "HYDRA build details:")
      #expect(outcome.status == 69 && outcome.output.isEmpty, "\(outcome)")
      #expect(
        outcome.complaints == [
          "local: needs the mpirun of Open MPI 4, found HYDRA build details:"
        ], "\(outcome)")
    }

    /// Who starts the launcher, and whether a terminal is there.
    struct Start: CustomTestStringConvertible {
      let isRoot: Bool
      let hasTerminal: Bool

      static let all = [(true, false), (true, true), (false, false), (false, true)].map(Start.init)
      /// Root can be another user too, if that may read the program.
      static var possible: [Start] {
        guard getuid() == 0 else { return all.filter { !$0.isRoot } }
        let read = try? Program.start(
          command: ["runuser", "-u", "nobody", "--", "test", "-x", Program.path()]
        ).outcome()
        return all.filter { $0.isRoot || read?.status == 0 }
      }

      var testDescription: String {
        "\(isRoot ? "root" : "a user") \(hasTerminal ? "with" : "without") a terminal"
      }
    }

    @Test("more ranks than cores train", .localLauncher, arguments: Start.possible)
    func crowded(_ start: Start) throws {
      let directory = try TemporaryDirectory()
      try FileManager.default.setAttributes(
        [.posixPermissions: 0o777], ofItemAtPath: directory.path)
      let line =
        "exec '\(Program.script("launch/local"))' -n 8 --log-dir logs --program '\(try Program.path())' "
        + "-- train --run run --max-steps 2 --test-samples 10"
      let user = !start.isRoot && getuid() == 0 ? ["runuser", "-u", "nobody", "--"] : []
      let shell =
        start.hasTerminal ? ["script", "-qec", line, "/dev/null"] : ["sh", "-c", line]
      let outcome = try Program.start(
        command: user + shell, environment: ["TERM": "xterm"], in: directory
      ).outcome()
      #expect(outcome.status == 0, "\(outcome)")
      #expect(outcome.output.contains("8 ranks"), "\(outcome)")
      // Lines that are drawn again and again.
      #expect(outcome.output.contains("\u{1B}[") == start.hasTerminal, "\(outcome)")
    }

    @Test(
      "two hosts train the same bits as one, and leave a log for each rank", onHosts, .localLauncher
    )
    func sameBits() throws {
      let arguments = [
        "train", "--reproducible", "true", "--max-steps", "4", "--test-samples", "50", "--run",
        "run",
      ]
      let here = try Job(["-n", "2"], arguments)
      let there = try Job(["-n", "3", "--hosts", "netns:2"], arguments)
      for job in [here, there] {
        let outcome = try job.outcome()
        #expect(outcome.status == 0, "\(outcome)")
        #expect(job.processes.isEmpty)
      }
      for file in ["model.safetensors", "optimizer.safetensors"] {
        let path = "run/checkpoints/step-00000004/\(file)"
        #expect(try there.directory.data(path) == here.directory.data(path), "\(file) differs")
      }
      let environment = try there.directory.text("run/environment.jsonl")
      let hosts = environment.split(separator: "\"hosts\":")[1].prefix { $0 != "]" }
      #expect(hosts.contains("-1\"") && hosts.contains("-2\""), "\(hosts)")
      #expect(there.lines("logs/rank.0/stdout").last?.hasPrefix("test accuracy") == true)
      #expect(try there.directory.snapshot().keys.contains("logs/rank.2/stderr"))
    }

    @Test("machines that ssh reaches train together", onHosts, .localLauncher)
    func machines() throws {
      let hosts = try NamespaceHosts()
      let directory = try TemporaryDirectory()
      let agent = Program.script("cluster/netns/agent")
      let ssh = try directory.write(Array("#!/bin/sh\nexec \(agent) \"$@\"\n".utf8), to: "bin/ssh")
      try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: ssh)
      let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
      let names = ["\(hosts.name)-1", "\(hosts.name)-2"]
      let outcome = try Program.start(
        command: [Program.script("cluster/netns/hosts"), "--name", hosts.name, "exec", "1"]
          + [Program.script("launch/local"), "-n", "2", "--hosts", names.joined(separator: ",")]
          + ["--interface", "eth0", "--log-dir", "logs", "--program", try Program.path(), "--"]
          + ["train", "--max-steps", "1", "--test-samples", "10", "--run", "run"],
        environment: ["PATH": "\(directory.path)/bin:\(path)"], in: directory
      ).outcome()
      #expect(outcome.status == 0, "\(outcome)")
      let environment = try directory.text("run/environment.jsonl")
      #expect(environment.contains("\"hosts\":[\"\(names[0])\",\"\(names[1])\"]"), "\(environment)")
    }

    @Test("Ctrl-C asks for a checkpoint, and the ranks' exit code is returned", .localLauncher)
    func interrupt() throws {
      let job = try Job(["-n", "2"], Self.longRun)
      try job.waitForLines(3, in: "run/metrics.jsonl")
      // The launcher looks for its ranks once a second.
      sleep(1)
      job.send(signal: SIGINT)
      let outcome = try job.outcome()
      #expect(outcome.status == ExitStatus.stopped.rawValue, "\(outcome)")
      #expect(outcome.errors.contains("SIGINT: the ranks stop after a checkpoint"), "\(outcome)")
      #expect(job.processes.isEmpty)
    }

    @Test(
      "a rank that is killed on a host ends the job with its code and leaves nothing", onHosts,
      .localLauncher)
    func killed() throws {
      let hosts = try NamespaceHosts()
      let job = try Job(["-n", "2", "--hosts", "netns:\(hosts.name)"], Self.longRun)
      try job.waitForLines(3, in: "run/metrics.jsonl")
      kill(try #require(job.ranks.last), SIGKILL)
      let outcome = try job.outcome()
      #expect(outcome.status == 128 + SIGKILL, "\(outcome)")
      #expect(job.processes.isEmpty && hosts.remains.isEmpty, "\(hosts.remains)")
    }

    @Test(
      "a link cut for good is diagnosed by the ranks, whose code is returned", onHosts,
      .localLauncher)
    func diagnosed() throws {
      let hosts = try NamespaceHosts()
      let job = try Job(
        ["-n", "2", "--hosts", "netns:\(hosts.name)"], Self.longRun + ["--stall-timeout", "3"])
      try job.waitForLines(3, in: "run/metrics.jsonl")
      // The launcher looks for its ranks once a second.
      sleep(1)
      #expect(try hosts.command("cut", "2").status == 0)
      let outcome = try job.outcome()
      #expect(outcome.status == ExitStatus.stalled.rawValue, "\(outcome)")
      #expect(outcome.errors.contains("the network between the hosts may be down"), "\(outcome)")
      #expect(outcome.errors.contains("all ranks have ended, but mpirun has not"), "\(outcome)")
      #expect(job.processes.isEmpty && hosts.remains.isEmpty, "\(hosts.remains)")
    }

    @Test("a host that stays cut off ends the job after the link timeout", onHosts, .localLauncher)
    func cut() throws {
      let hosts = try NamespaceHosts()
      let job = try Job(
        ["-n", "2", "--hosts", "netns:\(hosts.name)", "--link-timeout", "4", "--timeout", "30"],
        Self.longRun)
      try job.waitForLines(3, in: "run/metrics.jsonl")
      #expect(try hosts.command("cut", "2").status == 0)
      let outcome = try job.outcome()
      // ORTE_ERR_COMM_FAILURE, −51, or 1 where the other host's daemon has noticed it first and gone.
      #expect([205, 1].contains(outcome.status), "\(outcome)")
      #expect(!outcome.errors.contains("local: the job has not ended"), "\(outcome)")
      #expect(!outcome.output.contains("\u{1B}"), "a progress line in a file: \(outcome)")
      #expect(job.processes.isEmpty && hosts.remains.isEmpty, "\(hosts.remains)")
    }

    @Test("a job that passes its time limit is ended with a code of its own", .localLauncher)
    func timeout() throws {
      let job = try Job(["-n", "2", "--timeout", "2"], Self.longRun)
      let outcome = try job.outcome()
      #expect(outcome.status == 124, "\(outcome)")
      #expect(outcome.complaints.contains { $0.contains("within 2 s") }, "\(outcome)")
      #expect(job.processes.isEmpty)
    }
  }
}
