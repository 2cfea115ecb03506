import Foundation
import TestFiles
import Testing

extension WaitingRuns {
  /// The job scripts of `launch/slurm` without Slurm: scripts stand in for its commands.
  @Suite struct JobScriptTests {
    /// Output and exit status of a job script, and the arguments of each command of Slurm that it called.
    struct Outcome {
      let job: Program.Outcome
      let calls: [String: String]
    }

    /// Runs a job script as a job of Slurm, by stand-ins that write their arguments down.
    ///
    /// The ranks are what `srun` does: they wait for a signal if there is one, and end with `code`.
    /// - Parameter commands: what other commands do, or these in another way.
    static func run(
      _ name: String, _ arguments: [String], settings: [String: String] = [:],
      environment: [String: String] = [:], commands: [String: String] = [:], signal: Int32? = nil,
      code: Int32 = 0, in workingDirectory: TemporaryDirectory? = nil
    ) throws -> Outcome {
      let directory = try workingDirectory ?? TemporaryDirectory()
      try FileManager.default.createDirectory(
        atPath: "\(directory.path)/run", withIntermediateDirectories: true)
      let ranks =
        signal == nil
        ? "exit \(code)" : "trap 'exit \(code)' USR1 TERM; while :; do sleep 0.05; done"
      let bodies = ["srun": ranks, "scontrol": "", "lcnn-dist": ""].merging(commands) { $1 }
      for (command, body) in bodies {
        let script = "#!/bin/sh\necho \"$@\" >>\(directory.path)/\(command).calls\n\(body)\n"
        let path = try directory.write(Array(script.utf8), to: "bin/\(command)")
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
      }
      let script = try JobScript(name: name).filled(settings: settings)
      let file = try directory.write(Array(script.utf8), to: "job.sbatch")
      let job = try Program.start(
        command: ["bash", file] + arguments,
        environment: [
          "PATH": "\(directory.path)/bin:/usr/bin:/bin", "LCNN_DIST_HOME": Program.script(""),
          "SLURM_JOB_ID": "17", "SLURM_JOB_NUM_NODES": "2",
        ].merging(environment) { $1 }, in: directory)
      if let signal {
        while job.isRunning && (try? directory.data("srun.calls").isEmpty) != false {
          usleep(10_000)
        }
        job.send(signal: signal)
        if signal == SIGTERM { try sendToRanks(of: "\(directory.path)/bin/srun") }
      }
      let outcome = try job.outcome()
      var calls: [String: String] = [:]
      for command in bodies.keys { calls[command] = try? directory.text("\(command).calls") }
      return Outcome(job: outcome, calls: calls)
    }

    /// As Slurm does on scancel, which tells the ranks as well as the job script.
    private static func sendToRanks(of srun: String) throws {
      for process in try FileManager.default.contentsOfDirectory(atPath: "/proc") {
        let command = FileManager.default.contents(atPath: "/proc/\(process)/cmdline")
        guard let number = Int32(process), command?.range(of: Data(srun.utf8)) != nil else {
          continue
        }
        kill(number, SIGTERM)
      }
    }

    /// How ranks end, and which job, if any, is then put back into the queue.
    struct End: CustomTestStringConvertible {
      let testDescription: String
      var script = "evaluate"
      var signal: Int32?
      var code: Int32
      var environment: [String: String] = [:]
      var queued: String?

      static let all = [
        End("time is up", signal: SIGUSR1, code: 75, queued: "17"),
        End("time is up before the first step", signal: SIGUSR1, code: 128 + 10, queued: "17"),
        End("the ranks stop by themselves", code: 75, queued: "17"),
        End("the ranks fail when time is up", signal: SIGUSR1, code: 76),
        End("the ranks are killed", code: 128 + 10),
        End("the job is cancelled", signal: SIGTERM, code: 75),
        End("training is complete", code: 0),
        End(
          "restarts are used up", signal: SIGUSR1, code: 75,
          environment: ["SLURM_RESTART_COUNT": "50"]),
        End(
          "time is up for a task of an array", script: "sweep", signal: SIGUSR1, code: 75,
          environment: ["SLURM_ARRAY_JOB_ID": "12", "SLURM_ARRAY_TASK_ID": "3"], queued: "12_3"),
        End(
          "time is up for a job that does not come back", script: "train", signal: SIGUSR1, code: 75
        ),
      ]

      init(
        _ description: String, script: String = "evaluate", signal: Int32? = nil, code: Int32,
        environment: [String: String] = [:], queued: String? = nil
      ) {
        testDescription = description
        self.script = script
        self.signal = signal
        self.code = code
        self.environment = environment
        self.queued = queued
      }
    }

    @Test("a job puts itself back into the queue if it stopped for its time", arguments: End.all)
    func requeue(_ end: End) throws {
      let outcome = try Self.run(
        end.script, ["run"], environment: end.environment, signal: end.signal, code: end.code)
      #expect(outcome.job.status == end.code, "\(outcome.job)")
      #expect(outcome.calls["scontrol"] == end.queued.map { "requeue \($0)\n" })
    }

    @Test("a job starts its ranks with the threads and arguments that it was given")
    func ranks() throws {
      let outcome = try Self.run(
        "train", ["a run", "--epochs", "2"], environment: ["SLURM_CPUS_PER_TASK": "4"])
      let call = try #require(outcome.calls["srun"])
      #expect(call.hasPrefix("--mpi=pmix --wait=60 "), "\(call)")
      #expect(
        call.hasSuffix("/lcnn-dist train --run a run --resume auto --threads 4 --epochs 2\n"),
        "\(call)")
    }

    @Test("ranks of a program that is linked with MPICH are started by its interface")
    func interface() throws {
      let libraries = "echo libmpich.so.12"
      for script in ["train", "preemptible"] {
        let outcome = try Self.run(
          script, ["run"], environment: ["SLURM_TASKS_PER_NODE": "1", "SLURM_JOB_NODELIST": "n1"],
          commands: ["ldd": libraries, "scontrol": "echo n1", "sinfo": "echo alloc"])
        #expect(outcome.calls["srun"]?.hasPrefix("--mpi=pmi2 --wait=60 ") == true, "\(outcome)")
      }
    }

    @Test(
      "each task of a sweep has a combination of its own",
      arguments: zip(
        0..<4,
        ["a-seed-1-lambda-0", "a-seed-1-lambda-0.1", "a-seed-2-lambda-0", "a-seed-2-lambda-0.1"]))
    func sweep(task: Int, name: String) throws {
      let outcome = try Self.run(
        "sweep", ["runs"], settings: ["recipes": "(x/a.yaml b)", "penalties": "(0 0.1)"],
        environment: ["SLURM_ARRAY_JOB_ID": "12", "SLURM_ARRAY_TASK_ID": "\(task)"])
      let call = try #require(outcome.calls["srun"])
      let words = name.split(separator: "-")
      #expect(
        call.hasSuffix(
          " train --run runs/\(name) --resume auto --threads 1 --recipe x/a.yaml --seed \(words[2])"
            + " --gradient-norm-penalty \(words[4])\n"), "\(call)")
    }

    @Test("a task without a combination is refused")
    func sweepTooLong() throws {
      let outcome = try Self.run(
        "sweep", ["runs"],
        environment: ["SLURM_ARRAY_JOB_ID": "12", "SLURM_ARRAY_TASK_ID": "4"])
      #expect(outcome.job.status == ExitStatus.usage.rawValue)
      #expect(outcome.job.errors.contains("4 combinations need --array=0-3"), "\(outcome.job)")
    }

    @Test("evaluate measures what is new, and what was measured with other arguments, only")
    func measuredOnce() throws {
      let directory = try TemporaryDirectory()
      try directory.makeDirectory("run")
      try directory.makeDirectory("run/checkpoints")
      // As the ranks do, these leave the file that --json names.
      let ranks = #"while [ $# -gt 0 ]; do [ "$1" != --json ] || : >"$2"; shift; done"#
      func measured(_ arguments: [String]) throws -> [String] {
        let outcome = try Self.run(
          "evaluate", ["run", "--"] + arguments, commands: ["srun": ranks], in: directory)
        #expect(outcome.job.status == 0, "\(outcome)")
        let commands = outcome.calls["srun"]?.matches(of: /lcnn-dist (\w+) --model run/) ?? []
        try directory.remove("srun.calls")
        return commands.map { String($0.1) }
      }
      let all = ["evaluate", "curvature", "attack", "bound"]
      #expect(try measured(["--data", "a b"]) == all)
      #expect(try measured(["--data", "a b"]) == ["evaluate"])
      #expect(try measured(["--data", "c"]) == all)
      // A checkpoint that came later is another model.
      sleep(1)
      try directory.makeDirectory("run/checkpoints/step-00000001")
      #expect(try measured(["--data", "c"]) == all)
    }

    @Test("a script that still has a placeholder refuses to run", arguments: JobScript.all)
    func placeholders(_ script: JobScript) throws {
      let left = try script.placeholderLines
      #expect(left.contains("#SBATCH --partition=<PARTITION>"))
      let outcome = try Program.start(
        command: ["bash", script.path],
        environment: ["LCNN_DIST_HOME": Program.script(""), "SLURM_JOB_ID": "17"]
      ).outcome()
      #expect(outcome.status == ExitStatus.usage.rawValue)
      for line in left { #expect(outcome.errors.contains(":\(line)"), "\(outcome)") }
    }

    @Test("a script without arguments prints its usage", arguments: JobScript.all)
    func usage(_ script: JobScript) throws {
      let usage = try #require(script.lines.dropFirst().first)
      #expect(usage.hasPrefix("# usage: sbatch [OPTION…] \(script.name).sbatch "))
      if usage.contains(" [ARGUMENT…]") && !usage.contains(/RUN|DIRECTORY/) { return }
      let outcome = try Self.run(
        script.name, [], settings: script.name == "apptainer" ? ["image": "i"] : [:])
      #expect(outcome.job.status == ExitStatus.usage.rawValue)
      #expect(outcome.job.errors.contains(usage.dropFirst(2)), "\(outcome.job)")
    }

    private static let checkedScripts =
      JobScript.all.map(\.path)
      + ["launch/slurm/job.sh", "launch/supervise", "launch/package", "cluster/slurm"]
      .map(Program.script)

    @Test("bash reads every script", arguments: checkedScripts)
    func syntax(path: String) throws {
      let outcome = try Program.start(command: ["bash", "-n", path]).outcome()
      #expect(outcome.status == 0, "\(outcome)")
    }

    private static let hasShellCheck: Bool = {
      (try? Program.start(command: ["shellcheck", "--version"]).outcome())?.status == 0
    }()

    @Test(
      "shellcheck finds no fault in any script",
      .enabled(if: hasShellCheck, "needs the package shellcheck"))
    func shellCheck() throws {
      let outcome = try Program.start(
        command: ["shellcheck", "--external-sources"] + Self.checkedScripts
      ).outcome()
      #expect(outcome.status == 0, "\(outcome)")
    }
  }
}
