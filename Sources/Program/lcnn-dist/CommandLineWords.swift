import ArgumentParser
import Recipes

/// The words of the command line, as the parser wants them.
package enum CommandLineWords {
  /// Parses the words after the program's name.
  package static func parse(_ words: [String]) throws -> any ParsableCommand {
    try checkCommand(words)
    return try LCNNDist.parseAsRoot(attachingNegativeNumbers(words))
  }

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

  /// The parser's words for an unknown command do not say what it was taken for.
  private static func checkCommand(_ words: [String]) throws {
    let known = LCNNDist.configuration.subcommands.compactMap { $0.configuration.commandName }
    guard let word = words.first, !word.hasPrefix("-"), !(known + ["help"]).contains(word) else {
      return
    }
    let hint = Spelling.nearest(to: word, among: known).map { "; did you mean \"\($0)\"?" }
    throw ValidationError("there is no command \"\(word)\"\(hint ?? "")")
  }
}
