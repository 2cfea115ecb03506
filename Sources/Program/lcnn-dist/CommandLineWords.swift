import ArgumentParser
import Recipes

/// Rewrites the words of the command line into forms that the parser understands.
package enum CommandLineWords {
  /// Parses the words after the program's name.
  package static func parse(_ words: [String]) throws -> any ParsableCommand {
    try checkCommand(words)
    do {
      return try LCNNDist.parseAsRoot(
        attachingNegativeNumbers(completingResume(try switchingToggles(words))))
    } catch {
      throw explained(error)
    }
  }

  /// The parser's error about an unknown option with a better hint: what other programs' options are
  /// called here, or the nearest name only if it is near.
  private static func explained(_ error: any Error) -> any Error {
    let message = LCNNDist.message(for: error)
    let pattern = /Unknown option '--([^']+)'(\. Did you mean '--([^']+)'\?)?/
    guard let match = message.firstMatch(of: pattern) else { return error }
    let name = String(match.1)
    if let meaning = ForeignName.meaning(of: name, as: .flag) {
      return ValidationError("unknown option --\(name): \(meaning)")
    }
    if let hint = match.3, Spelling.nearest(to: name, among: [String(hint)]) != nil {
      return error
    }
    return ValidationError("unknown option --\(name); see --help")
  }

  /// Rewrites `--flip true` and `--flip=true` to `--flip`, and the forms with `false` to
  /// `--no-flip`.
  ///
  /// The parser's flags take no values, while all other keys do.
  static func switchingToggles(_ words: [String]) throws(RecipeError) -> [String] {
    var rest = words[...]
    var rewritten: [String] = []
    while let word = rest.popFirst() {
      if word == "--" { return rewritten + [word] + rest }
      let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard let key = toggles.first(where: { parts[0] == "--\($0.name)" }) else {
        rewritten.append(word)
        continue
      }
      var text = parts.count > 1 ? String(parts[1]) : "true"
      if parts.count == 1, let next = rest.first, Bool(next) != nil { text = rest.removeFirst() }
      var recipe = Recipe()
      try recipe.set(key: key.name, text: text)
      let isOn = key.value(in: recipe) == .boolean(true)
      rewritten.append("--\(key.flags[isOn ? 0 : 1])")
    }
    return rewritten
  }

  private static let toggles = Recipe.keys.filter { $0.form == .toggle }

  /// Rewrites `--resume` without a value to `--resume always`.
  ///
  /// The parser knows no option whose value can be left out.
  static func completingResume(_ words: [String]) -> [String] {
    let values = TrainCommand.Resumption.allCases.map(\.rawValue)
    return words.indices.flatMap { index in
      let next = index + 1 < words.count ? words[index + 1] : ""
      return words[index] == "--resume" && !values.contains(next)
        ? ["--resume", TrainCommand.Resumption.always.rawValue] : [words[index]]
    }
  }

  /// Attaches each negative number to the option before it: `--epsilons -1` becomes
  /// `--epsilons=-1`.
  ///
  /// The parser takes every word that begins with a dash for an option, and would report a missing
  /// value.
  static func attachingNegativeNumbers(_ words: [String]) -> [String] {
    var attached: [String] = []
    for word in words {
      if let option = attached.last, option.hasPrefix("--"), !option.contains("="),
        option != "--", isNegative(word)
      {
        attached[attached.count - 1] += "=\(word)"
      } else {
        attached.append(word)
      }
    }
    return attached
  }

  /// Whether a word is a negative number, or a list or fraction that begins with one.
  private static func isNegative(_ word: String) -> Bool {
    word.hasPrefix("-") && Double(word.prefix { $0 != "," && $0 != "/" }) != nil
  }

  /// Throws an error that suggests the nearest command if the command is unknown; the parser's
  /// message suggests none.
  private static func checkCommand(_ words: [String]) throws {
    let known = LCNNDist.configuration.subcommands.compactMap { $0.configuration.commandName }
    guard let word = words.first, !word.hasPrefix("-"), !(known + ["help"]).contains(word) else {
      return
    }
    let hint = Spelling.nearest(to: word, among: known).map { "; did you mean \"\($0)\"?" }
    throw ValidationError("there is no command \"\(word)\"\(hint ?? "")")
  }
}
