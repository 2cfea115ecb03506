import Failures
import Foundation
import Synchronization
import TestFiles
import Testing

/// A short run of the digits, and what every command that measures its model must keep to.
struct TrainedDigits {
  /// Arguments, the exit code that refuses them, and what the complaint contains.
  typealias Refusal = (arguments: [String], status: ExitStatus, words: [String])

  /// Ranks and batch sizes that must change no byte.
  private static let launches: [(ranks: Int, batch: String)] = [
    (1, "128"), (2, "128"), (3, "40"), (4, "17"),
  ]

  /// The files of each run so far: runs with equal flags are the same run, which is trained once.
  private static let trained = Mutex<[[String]: [String: Data?]]>([:])

  let directory: TemporaryDirectory

  init(steps: Int = 20, _ flags: [String] = []) throws {
    directory = try TemporaryDirectory()
    let command =
      ["train", "--run", "run", "--max-steps", "\(steps)", "--test-samples", "10"] + flags
    if let files = Self.trained.withLock({ $0[command] }) {
      for (name, data) in files { if let data { try directory.write(data, to: name) } }
      return
    }
    let outcome = try Program.run(command, in: directory)
    try #require(outcome.status == 0, "\(outcome)")
    let files = try directory.snapshot()
    Self.trained.withLock { $0[command] = files }
  }

  /// Runs a command in all launches and expects the same output, the same files and no others.
  ///
  /// `files` are options and names; those of the first launch are in the directory 0. Returns the output.
  func expectSameBytes(
    _ command: [String], files: [(option: String, name: String)]
  ) throws -> String {
    var first = ""
    for (index, launch) in Self.launches.enumerated() {
      try directory.makeDirectory("\(index)")
      let outcome = try Program.run(
        command + ["--model", "run", "--test-samples", "null", "--batch-size", launch.batch]
          + files.flatMap { [$0.option, "\(index)/\($0.name)"] },
        ranks: launch.ranks, in: directory)
      #expect(outcome.status == 0 && outcome.complaints.isEmpty, "\(launch): \(outcome)")
      if index == 0 { first = outcome.output }
      #expect(outcome.output == first, "n = \(launch.ranks), batch \(launch.batch)")
      for (_, file) in files {
        let same = try directory.data("\(index)/\(file)") == directory.data("0/\(file)")
        #expect(same, "\(command), n = \(launch.ranks), batch \(launch.batch): \(file)")
      }
      let found = try directory.snapshot().keys.filter { $0.hasPrefix("\(index)/") }
      #expect(found.count == files.count, "\(found.sorted())")
    }
    return first
  }

  /// The lines of a file of comma-separated values, all of as many columns, the header among them.
  func rows(_ file: String) throws -> [[String]] {
    let rows = try directory.text(file).split(separator: "\n").map {
      $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    }
    #expect(rows.allSatisfy { $0.count == rows[0].count }, "\(file)")
    return rows
  }

  /// Expects two ranks to refuse each in one line, and nothing to be written.
  func expectRefused(_ refusals: [Refusal], by command: [String] = []) throws {
    let before = try directory.snapshot()
    for refusal in refusals {
      let arguments = command + refusal.arguments
      let outcome = try Program.run(arguments, ranks: 2, in: directory)
      #expect(outcome.status == refusal.status.rawValue, "\(arguments): \(outcome)")
      let line = outcome.complaints.first ?? ""
      for word in refusal.words { #expect(line.contains(word), "no “\(word)” in: \(line)") }
      #expect(outcome.output.isEmpty, "\(outcome.output)")
    }
    #expect(try directory.snapshot() == before, "files were changed")
  }
}
