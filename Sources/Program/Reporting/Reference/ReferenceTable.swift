import Checkpoints
import Environment
import Failures
import Recipes

/// A table of the documentation that the program prints from its own tables, as Markdown.
public enum ReferenceTable: String, CaseIterable, Sendable {
  case recipeKeys = "recipe-keys"
  case exitCodes = "exit-codes"
  case commands
  case environment
  case runFiles = "run-files"

  /// - Parameter program: the program's own description, from which ``commands`` is made.
  public func markdown(
    of program: @autoclosure () throws -> CommandDescription
  ) rethrows -> String {
    switch self {
    case .recipeKeys: recipeKeys
    case .exitCodes: exitCodes
    case .commands: CommandReference(try program()).text
    case .environment: environment
    case .runFiles: runFiles
    }
  }

  private var recipeKeys: String {
    RecipeSection.allCases.map { section in
      var table = MarkdownTable(["key", "meaning", "values", "default"])
      for key in Recipe.keys where key.section == section {
        let value = key.defaultValue
        table.append([
          "`\(key.name)`", key.help, key.values, value == .null ? "none" : "`\(value)`",
        ])
      }
      return "### \(section.rawValue.capitalized)\n\n\(table.text)"
    }.joined(separator: "\n\n")
  }

  private var exitCodes: String {
    var table = MarkdownTable(["code", "meaning"])
    for status in ExitStatus.allCases { table.append(["\(status.rawValue)", status.meaning]) }
    return table.text
  }

  private var environment: String {
    var table = MarkdownTable(["variable", "reader", "effect"])
    for variable in EnvironmentVariable.allCases {
      table.append(["`\(variable.rawValue)`", variable.reader.rawValue, variable.effect])
    }
    return table.text
  }

  private var runFiles: String {
    var table = MarkdownTable(["file", "contents"])
    for file in RunFile.allCases {
      table.append(["`\(file.rawValue)\(file.isFolder ? "/" : "")`", file.contents])
    }
    return table.text
  }
}
