import ArgumentParser
import Recipes

/// Words of the command line, rewritten into forms that the parser understands.
package enum CommandLineWords {
  /// Parses the words after the program's name.
  package static func parse(_ words: [String]) throws -> any ParsableCommand {
    try checkCommand(words)
    return try LCNNDist.parseAsRoot(attachingNegativeNumbers(try switchingToggles(words)))
  }

  /// `--flip true` and `--flip=true` become `--flip`; with `false` they become `--no-flip`.
  ///
  /// The parser's flags take no values; this keeps the form that other keys have.
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

  /// Each negative number attached to the option before it: `--epsilons -1` becomes `--epsilons=-1`.
  ///
  /// The parser takes every word that begins with a dash for an option, and says that the value is missing.
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

  /// Whether a word is a number below 0, or a list or fraction that begins with one.
  private static func isNegative(_ word: String) -> Bool {
    word.hasPrefix("-") && Double(word.prefix { $0 != "," && $0 != "/" }) != nil
  }

  /// Names the nearest command for an unknown one; the parser's message for it does not.
  private static func checkCommand(_ words: [String]) throws {
    let known = LCNNDist.configuration.subcommands.compactMap { $0.configuration.commandName }
    guard let word = words.first, !word.hasPrefix("-"), !(known + ["help"]).contains(word) else {
      return
    }
    let hint = Spelling.nearest(to: word, among: known).map { "; did you mean \"\($0)\"?" }
    throw ValidationError("there is no command \"\(word)\"\(hint ?? "")")
  }
}
