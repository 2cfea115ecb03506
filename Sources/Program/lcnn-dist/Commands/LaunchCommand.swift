import ArgumentParser
import Environment
import Failures
import Files
import Foundation

struct LaunchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "launch", abstract: "Write a job script for a cluster.",
    subcommands: [LaunchSlurmCommand.self])
}

struct LaunchSlurmCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "slurm",
    abstract: "Fill in a job script of launch/slurm, and check it.",
    discussion: """
      Writes NAME.sbatch, checks it by bash -n and, where Slurm is, by sbatch --test-only, and prints \
      what it asks the cluster for. Lines of options that are not given keep the template's values; \
      those of account, partition, QOS and modules are left out.
      """)

  @Argument(
    help: "train, train-mpirun, preemptible, chain, sweep, evaluate, debug, bench, apptainer")
  var name = "train"

  @Option(help: ArgumentHelp("the account to charge", valueName: "name")) var account: String?
  @Option(help: ArgumentHelp("the partition", valueName: "name")) var partition: String?
  @Option(help: ArgumentHelp("the quality of service", valueName: "name")) var qos: String?
  @Option(
    help: ArgumentHelp("a module to load, as MPI's; may be repeated", valueName: "name"))
  var module: [String] = []
  @Option(help: ArgumentHelp("number of nodes", valueName: "n")) var nodes: Int?
  @Option(help: ArgumentHelp("ranks on each node", valueName: "n")) var ranksPerNode: Int?
  @Option(help: ArgumentHelp("cores, and threads, of each rank", valueName: "n"))
  var threadsPerRank: Int?
  @Option(help: ArgumentHelp("time limit", valueName: "hh:mm:ss")) var time: String?
  @Option(help: ArgumentHelp("memory per core", valueName: "size")) var memory: String?
  @Option(
    help: ArgumentHelp("where to write (default: NAME.sbatch)", valueName: "file"),
    completion: .file())
  var output: String?
  @Flag(help: "print the script instead of writing it") var dryRun = false

  func validate() throws {
    for (option, value) in [
      ("--nodes", nodes), ("--ranks-per-node", ranksPerNode),
      ("--threads-per-rank", threadsPerRank),
    ] {
      if let value, value < 1 { throw ValidationError("\(option) \(value) must be at least 1") }
    }
  }

  func run() throws {
    let home = try Self.findHome()
    var script = try SlurmScript(name, in: "\(home)/launch/slurm")
    for (option, value) in [("account", account), ("partition", partition), ("qos", qos)] {
      script.set(option: option, to: value)
    }
    for (option, value) in [
      ("nodes", nodes.map(String.init)), ("ntasks-per-node", ranksPerNode.map(String.init)),
      ("cpus-per-task", threadsPerRank.map(String.init)), ("time", time), ("mem-per-cpu", memory),
    ] {
      if let value { script.set(option: option, to: value) }
    }
    script.set(modules: module)
    script.set(home: home)
    guard script.placeholders.isEmpty else {
      throw SlurmScriptError.placeholders(script.placeholders)
    }
    if dryRun {
      print(script.text, terminator: "")
      try Self.check("bash", ["-n"], script.text)
      return
    }
    let path = output ?? "\(name).sbatch"
    try FileSystem.write(Array(script.text.utf8), to: path)
    try Self.check("bash", ["-n"], script.text)
    print("\(path) asks Slurm for:")
    for request in script.requests { print("  \(request)") }
    if Self.isOnPath("sbatch") {
      try Self.check("sbatch", ["--test-only"], script.text)
    } else {
      print("there is no sbatch here, which would check it further")
    }
    print("submit it by: sbatch \(ShellWord(path)) …")
  }

  /// The checkout, or the folder of an installed package that has the scripts.
  private static func findHome() throws -> String {
    let environment = ProcessInfo.processInfo.environment
    if let home = EnvironmentVariable.checkout.value(in: environment) { return home }
    let executable = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
    let folder = URL(fileURLWithPath: executable ?? ".").deletingLastPathComponent()
    let candidates =
      ["../share/lcnn-dist", "../../..", "../.."].map {
        folder.appendingPathComponent($0).standardizedFileURL.path
      } + [FileManager.default.currentDirectoryPath]
    guard let home = candidates.first(where: { FileSystem.isDirectory("\($0)/launch/slurm") })
    else { throw SlurmScriptError.noTemplates(looked: candidates) }
    return home
  }

  private static func isOnPath(_ program: String) -> Bool {
    (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
      .contains { access("\($0)/\(program)", X_OK) == 0 }
  }

  /// Gives a script to a tool's standard input.
  private static func check(_ tool: String, _ arguments: [String], _ script: String) throws {
    let process = Process()
    let (input, errors) = (Pipe(), Pipe())
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [tool] + arguments
    process.standardInput = input
    process.standardOutput = errors
    process.standardError = errors
    try process.run()
    // A job script fits into a pipe. A tool that ends before it has read the script says why itself.
    try? input.fileHandleForWriting.write(contentsOf: Data(script.utf8))
    try input.fileHandleForWriting.close()
    let text = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    let reason = text.trimmingCharacters(in: .whitespacesAndNewlines)
    guard process.terminationStatus == 0 else {
      throw SlurmScriptError.refused(by: tool, reason: reason)
    }
    if !reason.isEmpty { print(reason) }
  }
}
