import Foundation

/// A command of the program, as the argument parser describes it.
public struct CommandDescription: Decodable, Sendable {
  private(set) var commandName: String
  let abstract: String?
  let discussion: String?
  let arguments: [Argument]?
  let subcommands: [CommandDescription]?

  /// Reads the JSON that the parser prints for `--experimental-dump-help`.
  public init(parserDump json: String) throws {
    self = try JSONDecoder().decode(Dump.self, from: Data(json.utf8)).command
  }

  /// The command itself, or the commands below it, named with the words before them.
  var leaves: [CommandDescription] {
    let below = (subcommands ?? []).filter { $0.commandName != "help" }
    guard !below.isEmpty else { return [self] }
    return below.flatMap(\.leaves).map { leaf in
      var leaf = leaf
      leaf.commandName = "\(commandName) \(leaf.commandName)"
      return leaf
    }
  }

  private struct Dump: Decodable { let command: CommandDescription }

  /// An argument, a flag or an option.
  struct Argument: Decodable, Hashable, Sendable {
    enum Kind: String, Decodable { case positional, option, flag }
    struct Name: Decodable, Hashable {
      let kind: String
      let name: String
    }

    let kind: Kind
    let shouldDisplay: Bool
    let isOptional: Bool
    let isRepeating: Bool
    let sectionTitle: String?
    let preferredName: Name?
    let valueName: String?
    let abstract: String?
    let allValues: [String]?
    let defaultValue: String?

    /// Spelling on the command line, such as `--samples <n>`.
    var spelling: String {
      let value = "<\(valueName ?? "value")>"
      let name = preferredName.map { ($0.kind == "long" ? "--" : "-") + $0.name }
      return switch kind {
      case .positional: isRepeating ? "\(value) …" : value
      case .flag: name ?? ""
      case .option: "\(name ?? "") \(value)"
      }
    }
  }
}
