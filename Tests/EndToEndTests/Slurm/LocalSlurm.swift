import Foundation
import TestFiles
import Testing

/// A Slurm that `cluster/slurm` runs on this machine until the end of a test, with a folder for jobs.
final class LocalSlurm {
  let directory: TemporaryDirectory
  /// Even, and not the port of a Slurm that runs here.
  private let port = 2 * Int.random(in: 10_000...15_000)

  init(nodes: Int = 1, cores: Int = 2) throws {
    directory = try TemporaryDirectory()
    let outcome = try cluster("up", "\(nodes)", "\(cores)")
    try #require(outcome.status == 0, "\(outcome)")
  }

  deinit { _ = try? cluster("down") }

  /// Whether this machine can run Slurm: the tests that need it are skipped where it cannot.
  static let isAvailable: Bool = {
    let probe = "command -v slurmctld && command -v slurmd && command -v munged && command -v srun"
    let outcome = try? Program.start(command: ["sh", "-c", probe]).outcome()
    return geteuid() == 0 && outcome?.status == 0
  }()

  static let requirement: Comment = "Slurm needs root and the packages slurm-wlm and munge"

  private var state: String { "\(directory.path)/slurm" }

  private func cluster(_ arguments: String...) throws -> Program.Outcome {
    let options = ["--directory", state, "--port", "\(port)"]
    return try Program.start(command: [Program.script("cluster/slurm")] + options + arguments)
      .outcome()
  }

  /// A command, run in the folder of the jobs with what Slurm's commands need.
  @discardableResult
  func run(_ command: [String]) throws -> Program.Outcome {
    let program = URL(fileURLWithPath: try Program.path()).deletingLastPathComponent().path
    let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
    let outcome = try Program.start(
      command: command,
      environment: [
        "SLURM_CONF": "\(state)/slurm.conf",
        "PATH": "\(directory.path)/bin:\(program):\(path)",
        "LCNN_DIST_HOME": Program.script(""),
        // Jobs and other tests share cores, and nodes of one machine share a host name.
        "OMPI_MCA_mpi_yield_when_idle": "1", "OMPI_MCA_btl": "tcp,self",
      ], in: directory
    ).outcome()
    try #require(outcome.status == 0, "\(command): \(outcome)")
    return outcome
  }

  /// Submits a job script and answers the job's number.
  func submit(
    _ name: String, _ arguments: [String], options: [String] = [],
    settings: [String: String] = [:]
  ) throws -> String {
    let script = try JobScript(name: name).filled(settings: settings)
    let file = try directory.write(Array(script.utf8), to: "\(name).sbatch")
    let log = script.contains("#SBATCH --array") ? "%A_%a" : "%j"
    let outcome = try run(
      ["sbatch", "--parsable", "--output=\(log).out"] + options + [file] + arguments)
    return try #require(outcome.outputLines.first)
  }

  /// Sends the job script of a task what Slurm sends before the time limit.
  func endTime(of task: String) throws {
    // Slurm 22.05 delivers the signal, but answers scancel that it has not, and scancel sends it again
    // after 5 s.
    try run(["sh", "-c", "timeout 2 scancel --batch --signal=USR1 \(task) || true"])
  }

  /// Ends a node's daemon and tells Slurm that the node is down.
  func fail(node: String) throws {
    let daemon = try directory.text("slurm/slurmd.\(node).pid")
    kill(try #require(Int32(daemon.trimmingCharacters(in: .whitespacesAndNewlines))), SIGKILL)
    try run(["scontrol", "update", "NodeName=\(node)", "State=DOWN", "Reason=test"])
  }

  /// Waits until a job, with all its tasks, has ended, and answers its states, a task's each.
  func states(atEndOf job: String) throws -> [String] {
    try wait(for: job, while: "PENDING|RUNNING|COMPLETING")
    return try run(["squeue", "--states=all"] + Self.format(job)).outputLines
  }

  /// Waits until no task of a job has one of these states.
  func wait(for job: String, while states: String) throws {
    let squeue = (["squeue"] + Self.format(job)).joined(separator: " ")
    try run(["sh", "-c", "while \(squeue) | grep -qE '\(states)'; do sleep 0.1; done"])
  }

  /// The state of each task.
  private static func format(_ job: String) -> [String] {
    ["--noheader", "--array", "--format=%T", "--jobs=\(job)"]
  }

  /// The output of a job, or of a task such as `7_1`.
  func log(of job: String) -> String { (try? directory.text("\(job).out")) ?? "" }

  /// Waits until a run has written so many lines of metrics.
  func waitForMetrics(of run: String, lines: Int = 1) throws {
    try wait(for: "\(lines) lines of metrics of \(run)") { metrics(of: run) >= lines }
  }

  /// How many lines of metrics a run has.
  func metrics(of run: String) -> Int {
    ((try? directory.text("\(run)/metrics.jsonl")) ?? "").count { $0 == "\n" }
  }

  /// Waits until something has happened.
  func wait(for event: String, until condition: () throws -> Bool) throws {
    let end = ContinuousClock.now + Program.deadline
    while try !condition() {
      try #require(ContinuousClock.now < end, "no \(event) after \(Program.deadline): \(logs)")
      usleep(50_000)
    }
  }

  /// The output of all jobs.
  private var logs: String {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: directory.path)) ?? []
    return names.filter { $0.hasSuffix(".out") }.sorted()
      .map { "\($0):\n\((try? directory.text($0)) ?? "")" }.joined(separator: "\n")
  }
}
