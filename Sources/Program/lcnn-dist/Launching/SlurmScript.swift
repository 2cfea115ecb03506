import Failures
import Files
import Foundation

/// A job script of `launch/slurm` with its placeholders filled in.
struct SlurmScript {
  let name: String
  private(set) var text: String

  /// Reads the template `name` below a folder such as `launch/slurm`.
  init(_ name: String, in folder: String) throws {
    self.name = name
    let path = "\(folder)/\(name).sbatch"
    guard FileSystem.exists(path) else {
      let names = try FileSystem.entries(of: folder).filter { $0.hasSuffix(".sbatch") }.sorted()
      throw SlurmScriptError.noTemplate(
        name, folder: folder, names: names.map { String($0.dropLast(7)) })
    }
    text = String(decoding: try InputFile.contents(of: path), as: UTF8.self)
  }

  /// Sets an option of sbatch; nil deletes its line.
  mutating func set(option: String, to value: String?) {
    let mark = "#SBATCH --\(option)="
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    let place = lines.firstIndex { $0.hasPrefix(mark) }
    switch (place, value) {
    case (let place?, let value?): lines[place] = mark + value
    case (let place?, nil): lines.remove(at: place)
    case (nil, let value?):
      let last = lines.lastIndex { $0.hasPrefix("#SBATCH ") } ?? 0
      lines.insert(mark + value, at: last + 1)
    case (nil, nil): break
    }
    text = lines.joined(separator: "\n")
  }

  /// Sets the modules to load; none deletes the line.
  mutating func set(modules: [String]) {
    let mark = "module purge && module load "
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false).compactMap { line in
      guard line.hasPrefix(mark) else { return String(line) }
      return modules.isEmpty
        ? nil : mark + modules.map { ShellWord($0).description }.joined(separator: " ")
    }
    text = lines.joined(separator: "\n")
  }

  /// Makes the job find a checkout wherever it is submitted.
  mutating func set(home: String) {
    text = text.replacing(
      "home=${LCNN_DIST_HOME:-${SLURM_SUBMIT_DIR:-.}}",
      with: "home=${LCNN_DIST_HOME:-\(ShellWord(home))}")
  }

  /// Placeholders that are left outside of comments, each once.
  var placeholders: [String] {
    let lines = text.split(separator: "\n").filter { !$0.hasPrefix("#") || $0.hasPrefix("#SBATCH") }
    let found = lines.flatMap { $0.matches(of: /<[A-Z_]+>/).map { String($0.output) } }
    return found.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
  }

  /// Options of Slurm in the script, one each.
  var requests: [String] {
    text.split(separator: "\n").filter { $0.hasPrefix("#SBATCH ") }.map { String($0.dropFirst(8)) }
  }
}

/// A job script that cannot be made.
enum SlurmScriptError: Failure, Equatable {
  case noTemplate(String, folder: String, names: [String])
  case noTemplates(looked: [String])
  case placeholders([String])
  /// A tool's check of the script failed.
  case refused(by: String, reason: String)

  var exitStatus: ExitStatus {
    switch self {
    case .noTemplate, .placeholders: .usage
    case .noTemplates: .unusableInput
    case .refused: .launch
    }
  }

  var description: String {
    switch self {
    case .noTemplate(let name, let folder, let names):
      "no job script \(name) in \(folder); there are \(names.joined(separator: ", "))"
    case .noTemplates(let looked):
      "no job scripts in \(looked.joined(separator: ", ")); LCNN_DIST_HOME names the checkout"
    case .placeholders(let left):
      "\(left.joined(separator: ", ")) left in the script: see the options of launch slurm"
    case .refused(let tool, let reason): "\(tool) refuses the script: \(reason)"
    }
  }
}
