import Dispatch
import Failures
import Foundation
import TestFiles
import Testing

/// The program's own; Testing has a type of that name too.
typealias ExitStatus = Failures.ExitStatus

/// The built program as a user starts it: by itself, or as ranks under mpirun.
///
/// It stands beside the test bundle. The environment is this process's without what a launcher, or
/// the program itself, has put there.
enum Program {
  /// How long a start may take; the slowest here takes a few seconds on 2 cores.
  static let deadline = Duration.seconds(60)

  private static let foreignPrefixes = ["OMPI_", "PMIX_", "PMI_", "SLURM_", "LCNN_", "OPENBLAS_"]

  /// Output and end of a process.
  struct Outcome {
    /// Negative for the signal that ended the process.
    let status: Int32
    let output: String
    let errors: String

    var outputLines: [String] { output.split(separator: "\n").map(String.init) }

    /// Lines on standard error, without the log's lines and mpirun's paragraphs.
    var complaints: [String] {
      var isWithinParagraph = false
      var lines: [String] = []
      for line in errors.split(whereSeparator: \.isNewline) {
        if line.hasPrefix("----------") {
          isWithinParagraph.toggle()
        } else if !isWithinParagraph && !line.contains(/\ (info|warning)\ lcnn-dist:\ /) {
          lines.append(String(line))
        }
      }
      return lines
    }
  }

  /// A process that has been started, its output going to files.
  final class Running {
    private let process: Process
    private let ended: DispatchSemaphore
    private let directory: TemporaryDirectory

    fileprivate init(
      _ process: Process, _ ended: DispatchSemaphore, _ directory: TemporaryDirectory
    ) {
      self.process = process
      self.ended = ended
      self.directory = directory
    }

    var isRunning: Bool { process.isRunning }
    var processIdentifier: Int32 { process.processIdentifier }

    /// Standard error of the process until now.
    var errorsSoFar: String { (try? directory.text("errors")) ?? "" }

    /// Sends a signal to the process.
    ///
    /// MPICH's mpirun ends by SIGUSR2, and with 0 at times where it has passed another one on: there the
    /// ranks get it themselves.
    func send(signal: Int32) {
      let ranks = MPIFamily.isMPICH && process.arguments?.first == "mpirun" ? ranks : []
      for receiver in ranks.isEmpty ? [process.processIdentifier] : ranks { kill(receiver, signal) }
    }

    /// Processes of the program below this one.
    private var ranks: [Int32] {
      func file(_ name: String, of process: Int32) -> String {
        (try? String(contentsOfFile: "/proc/\(process)/\(name)", encoding: .utf8)) ?? ""
      }
      func isBelow(_ child: Int32) -> Bool {
        // The state and the parent follow the name in parentheses.
        let words = file("stat", of: child).split(separator: ") ").last?.split(separator: " ")
        guard let words, words.count > 1, let parent = Int32(words[1]), parent > 1 else {
          return false
        }
        return parent == process.processIdentifier || isBelow(parent)
      }
      let all = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
      return all.compactMap { Int32($0) }
        .filter { file("comm", of: $0) == "lcnn-dist\n" && isBelow($0) }
    }

    /// Sends a signal to the process and its children, as a terminal does.
    func sendToGroup(signal: Int32) { kill(-process.processIdentifier, signal) }

    /// Waits for the end; a process that passes the deadline is ended and fails the test.
    func outcome(within deadline: Duration = Program.deadline) throws -> Outcome {
      if ended.wait(timeout: .now() + deadline / .seconds(1)) == .timedOut {
        Issue.record("not at its end after \(deadline)")
        // mpirun ends its ranks when asked to; the group is what may be left of it.
        send(signal: SIGTERM)
        if ended.wait(timeout: .now() + 5) == .timedOut {
          kill(-process.processIdentifier, SIGKILL)
          ended.wait()
        }
      }
      let isExit = process.terminationReason == .exit
      return Outcome(
        status: isExit ? process.terminationStatus : -process.terminationStatus,
        output: try directory.text("output"), errors: try directory.text("errors"))
    }
  }

  /// Starts the program: under mpirun if `ranks` are given, else by itself.
  static func start(
    _ arguments: [String], ranks: Int? = nil, environment: [String: String] = [:],
    in workingDirectory: TemporaryDirectory? = nil
  ) throws -> Running {
    let launcher = ranks.map { ["mpirun", "-n", "\($0)"] } ?? []
    return try start(
      command: launcher + [try path()] + arguments, environment: environment, in: workingDirectory)
  }

  /// Starts any program, which `env` finds.
  static func start(
    command: [String], environment: [String: String] = [:],
    in workingDirectory: TemporaryDirectory? = nil
  ) throws -> Running {
    let directory = try TemporaryDirectory()
    let process = Process()
    let ended = DispatchSemaphore(value: 0)
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    // A job in a shell's background, or nohup, would pass the two on as ignored.
    process.arguments = ["--default-signal=HUP,INT"] + command
    process.environment = cleanEnvironment.merging(environment) { $1 }
    process.currentDirectoryURL = URL(fileURLWithPath: (workingDirectory ?? directory).path)
    process.standardInput = FileHandle.nullDevice
    let output = try directory.newFile("output")
    let errors = try directory.newFile("errors")
    process.standardOutput = output
    process.standardError = errors
    process.terminationHandler = { _ in ended.signal() }
    try withoutBlockedSignals { try process.run() }
    // Foundation keeps them open otherwise, and with a thousand open files its run() has crashed.
    try output.close()
    try errors.close()
    return Running(process, ended, directory)
  }

  /// Starts the program and waits for its end.
  static func run(
    _ arguments: [String], ranks: Int? = nil, environment: [String: String] = [:],
    in workingDirectory: TemporaryDirectory? = nil
  ) throws -> Outcome {
    try start(arguments, ranks: ranks, environment: environment, in: workingDirectory).outcome()
  }

  /// Tests run on threads that hold signals back, which a process started there would do as well.
  private static func withoutBlockedSignals(_ body: () throws -> Void) rethrows {
    var none = sigset_t()
    var before = sigset_t()
    sigemptyset(&none)
    pthread_sigmask(SIG_SETMASK, &none, &before)
    defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
    try body()
  }

  /// The program beside the running test bundle.
  static func path() throws -> String {
    let bundle = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    let beside = ([bundle] + CommandLine.arguments).map(directoryOf).first {
      FileManager.default.isExecutableFile(atPath: "\($0)/lcnn-dist")
    }
    return "\(try #require(beside, "no lcnn-dist beside \(bundle)"))/lcnn-dist"
  }

  /// A script of this repository, by its path in it.
  static func script(_ path: String) -> String {
    let root = (0..<3).reduce(#filePath) { file, _ in directoryOf(file) }
    return URL(fileURLWithPath: root).appendingPathComponent(path).path
  }

  private static func directoryOf(_ path: String) -> String {
    URL(fileURLWithPath: path).deletingLastPathComponent().path(percentEncoded: false)
  }

  private static var cleanEnvironment: [String: String] {
    let inherited = ProcessInfo.processInfo.environment.filter { name, _ in
      !foreignPrefixes.contains { name.hasPrefix($0) }
    }
    let allowed = [
      "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
      "OMPI_MCA_rmaps_base_oversubscribe": "1",
      // mpirun kills the other ranks as soon as one has failed, not a second later: that saves the
      // second, and a message that comes late does not pass.
      "OMPI_MCA_odls_base_sigkill_timeout": "0",
    ]
    return inherited.merging(allowed) { $1 }
  }
}

/// Tests that start the program: one at a time, for two cores are few.
@Suite(.serialized) enum ProgramRuns {}

/// Tests that start the program and mostly wait, for Slurm, debuggers, deadlines and restarts: one at a
/// time, beside ``ProgramRuns``.
@Suite(.serialized) enum WaitingRuns {}
