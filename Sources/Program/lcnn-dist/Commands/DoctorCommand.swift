import ArgumentParser
import Doctor
import Failures
import Foundation
import MessagePassing
import Reporting

struct DoctorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "Check machine, launch and environment; say what to do where something is wrong.",
    discussion: """
      Start it as you would start train, with as many ranks: it checks MPI, cores, control groups, \
      OpenBLAS, memory, networks, limits and the run's directory on every rank's node. Exit code \
      \(ExitStatus.launch.rawValue) means that training would fail; warnings alone end with 0.
      """)

  @Option(
    name: .customLong("run"),
    help: ArgumentHelp("look at the disk of this run", valueName: "directory"),
    completion: .directory)
  var path: String?

  @Option(
    help: ArgumentHelp("compare this folder over all ranks", valueName: "directory"),
    completion: .directory)
  var data: String?

  @Flag(help: "only what takes milliseconds, as train itself does")
  var quick = false

  @Flag(help: "print the answers as JSON")
  var json = false

  @OptionGroup(title: "RANKS")
  var ranks: RankOptions

  func run() throws {
    let world = try ranks.join()
    let machine = Machine(environment: ProcessInfo.processInfo.environment)
    var facts = try Ranks.facts(
      of: machine, threads: try ranks.threads.count(in: world), over: world)
    if !quick {
      facts.readSlowFacts(of: machine)
      facts.data = data.map(RankFacts.digest(ofFilesIn:))
      facts.measurements = try Measurements(over: world)
    }
    if let path, world.rank == 0 { facts.run = RunDirectoryFacts(path, measures: !quick) }
    let examination = Examination(
      of: try JobFacts(gathering: facts, over: world), instantOnly: quick)
    if world.rank == 0 {
      print(json ? try ResultDocument.text(examination) : examination.text)
    }
    if examination.hasFailure { throw DoctorError(failures: examination.problems.count) }
  }
}

/// Checks that failed; the report names them.
struct DoctorError: Failure {
  let failures: Int
  var exitStatus: ExitStatus { .launch }
  var description: String { "training would fail here: see the failures above and their remedies" }
}
