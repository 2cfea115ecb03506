import Foundation
import Testing

/// A job script of `launch/slurm`.
struct JobScript: CustomTestStringConvertible {
  /// The name without `.sbatch`.
  let name: String

  static let all = [
    "train", "train-mpirun", "preemptible", "chain", "sweep", "evaluate", "debug", "bench",
    "apptainer",
  ].map(JobScript.init(name:))

  var testDescription: String { name }

  var path: String { Program.script("launch/slurm/\(name).sbatch") }

  var lines: [String] {
    get throws {
      try String(contentsOfFile: path, encoding: .utf8).components(separatedBy: "\n")
    }
  }

  /// Lines that hold a placeholder, such as `<ACCOUNT>`, in an option of sbatch or in a command.
  var placeholderLines: [String] {
    get throws {
      try lines.filter { line in
        (line.hasPrefix("#SBATCH ") || !line.hasPrefix("#"))
          && line.firstMatch(of: /<[A-Z_]+>/) != nil
      }
    }
  }

  /// The text with other values in the lines `NAME=…` that `settings` names, without the placeholders'
  /// lines that are left.
  func filled(settings: [String: String] = [:]) throws -> String {
    var lines = try lines
    for (name, value) in settings {
      guard let index = lines.firstIndex(where: { $0.hasPrefix("\(name)=") }) else {
        throw MissingSetting(name: name)
      }
      lines[index] = "\(name)=\(value)"
    }
    let left = Set(try placeholderLines)
    return lines.filter { !left.contains($0) }.joined(separator: "\n")
  }

  struct MissingSetting: Error {
    let name: String
  }
}
