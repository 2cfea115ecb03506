import Recipes

/// Commands of the program and their options, as Markdown.
///
/// A section of options that several commands share appears once, at the end.
struct CommandReference {
  private typealias Argument = CommandDescription.Argument

  private let commands: [CommandDescription]
  /// Titles of the shared sections, which appear at the end.
  private let commonSections: [String]

  init(_ program: CommandDescription) {
    let commands = (program.subcommands ?? []).filter { $0.commandName != "help" }
      .flatMap(\.leaves)
    self.commands = commands
    let groups = Dictionary(grouping: commands.flatMap(Self.sections)) { $0.title ?? "" }
    commonSections = groups.filter { title, sections in
      !title.isEmpty && sections.count > 1 && Set(sections.map(\.arguments)).count == 1
    }.map(\.key).sorted()
  }

  var text: String {
    let common = commonSections.map { title in
      let arguments = commands.flatMap(Self.sections).first { $0.title == title }?.arguments ?? []
      return "### Options in common: \(title.lowercased())\n\n\(Self.table(arguments))"
    }
    return (commands.map(text) + common).joined(separator: "\n\n")
  }

  private func text(_ command: CommandDescription) -> String {
    let sections = Self.sections(of: command)
    let local = sections.filter { !isCommon($0.title) }.flatMap(\.arguments)
    var parts = ["### \(command.commandName)", command.abstract ?? "", command.discussion ?? ""]
    parts.append(local.isEmpty ? "" : Self.table(local))
    let common =
      sections.compactMap(\.title).filter(isCommon).map { $0.lowercased() }
      + (Self.takesRecipe(command) ? ["every recipe key as a flag"] : [])
    if !common.isEmpty {
      parts.append("In common with other commands: \(common.joined(separator: ", ")).")
    }
    return parts.filter { !$0.isEmpty }.joined(separator: "\n\n")
  }

  private func isCommon(_ title: String?) -> Bool { title.map(commonSections.contains) ?? false }

  private static let recipeFlags = Set(Recipe.keys.flatMap(\.flags))
  /// Options that the parser adds to every command.
  private static let parserFlags: Set = ["help", "version"]

  private static func takesRecipe(_ command: CommandDescription) -> Bool {
    (command.arguments ?? []).contains { recipeFlags.contains($0.preferredName?.name ?? "") }
  }

  /// Sections of a command's options, without those that other pages describe.
  private static func sections(
    of command: CommandDescription
  ) -> [(title: String?, arguments: [Argument])] {
    var sections: [(title: String?, arguments: [Argument])] = []
    for argument in command.arguments ?? [] where argument.shouldDisplay {
      let name = argument.preferredName?.name ?? ""
      if recipeFlags.contains(name) || parserFlags.contains(name) { continue }
      if let index = sections.firstIndex(where: { $0.title == argument.sectionTitle }) {
        sections[index].arguments.append(argument)
      } else {
        sections.append((argument.sectionTitle, [argument]))
      }
    }
    return sections
  }

  private static func table(_ arguments: [Argument]) -> String {
    var table = MarkdownTable(["option", "meaning", "values", "default"])
    for argument in arguments {
      table.append([
        "`\(argument.spelling)`", argument.abstract ?? "",
        (argument.allValues ?? []).map { "`\($0)`" }.joined(separator: ", "),
        argument.defaultValue.map { "`\($0)`" } ?? (argument.isOptional ? "" : "required"),
      ])
    }
    return table.text
  }
}
