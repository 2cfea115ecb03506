import ArgumentParser
import Files
import Foundation
import MessagePassing

/// Where the results of a measurement go beside the terminal.
struct ResultOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("write a line per sample, of attacks per sample and ε", valueName: "file"),
    completion: .file())
  var csv: String?

  @Option(help: ArgumentHelp("write the statistics", valueName: "file"), completion: .file())
  var json: String?

  func validate() throws { try Self.requireDistinct([csv, json]) }

  static func requireDistinct(_ paths: [String?]) throws {
    let files = paths.compactMap { $0 }
    for (place, file) in files.enumerated() where files[..<place].contains(file) {
      throw ValidationError("\(file) is named for two results, expected a file for each")
    }
  }

  /// On rank 0 the file of `path`, if one is named, seen to be writable.
  static func open(_ path: String?, on world: any Communicator) throws -> ResultFile? {
    world.rank == 0 ? try path.map { try ResultFile($0) } : nil
  }

  /// Statistics as JSON, keys sorted; numbers read back exactly.
  static func encoded(_ document: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(document), as: UTF8.self) + "\n"
  }
}
