import ArgumentParser
import Files
import MessagePassing

/// Options that name the files of a measurement's results.
struct ResultOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "write a line per sample, or for attacks per sample and ε, as CSV", valueName: "file"),
    completion: .file())
  var csv: String?

  @Option(
    help: ArgumentHelp("write the statistics as JSON", valueName: "file"), completion: .file())
  var json: String?

  func validate() throws { try Self.requireDistinct([csv, json]) }

  static func requireDistinct(_ paths: [String?]) throws {
    let files = paths.compactMap { $0 }
    for (place, file) in files.enumerated() where files[..<place].contains(file) {
      throw ValidationError("\(file) is named for two results, expected a file for each")
    }
  }

  /// Opens the file at `path` on rank 0; nil without a path.
  ///
  /// - Throws: an error if the file cannot be written.
  static func open(_ path: String?, on world: any Communicator) throws -> ResultFile? {
    world.rank == 0 ? try path.map { try ResultFile($0) } : nil
  }
}
