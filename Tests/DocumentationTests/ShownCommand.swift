import Foundation

/// A command line of the program that a document shows.
///
/// `words` are those after `lcnn-dist`, also behind `mpirun -n 2` and the like, of lines that a backslash
/// continues, and of the scripts that pass words on to the program.
struct ShownCommand {
  let line: Int
  let words: [String]

  private static let shells: Set = ["sh", "bash", "console"]
  private static let launchers: Set = ["mpirun", "mpiexec", "srun"]
  /// Job scripts whose arguments are a run and the arguments of train.
  private static let trainingScripts: Set = [
    "train.sbatch", "train-mpirun.sbatch", "preemptible.sbatch", "chain.sbatch",
    "apptainer.sbatch",
  ]
  private static let separators: Set = ["&&", "||", "|", ";", "do", "then"]

  /// The commands in code blocks of a shell, and those in inline code that have an option.
  static func all(in document: MarkdownDocument) -> [ShownCommand] {
    document.codeBlocks.filter { shells.contains($0.language) }.flatMap { block in
      logicalLines(block).flatMap { line in commands(in: line.text, at: line.line) }
    }
      + document.inlineCode.flatMap { code in
        commands(in: code.text, at: code.line).filter { command in
          command.words.contains { $0.hasPrefix("--") }
        }
      }
  }

  /// Lines, each with those that a backslash joins to it.
  private static func logicalLines(_ block: MarkdownDocument.CodeBlock) -> [MarkdownDocument.Piece]
  {
    var joined: [MarkdownDocument.Piece] = []
    var begun: (line: Int, text: String)?
    for (index, text) in block.lines.enumerated() {
      let line = begun?.line ?? block.line + index
      let all = (begun?.text ?? "") + text
      if all.hasSuffix("\\") {
        begun = (line, String(all.dropLast()))
      } else {
        joined.append(MarkdownDocument.Piece(line: line, text: all))
        begun = nil
      }
    }
    return joined
  }

  private static func commands(in text: String, at line: Int) -> [ShownCommand] {
    let words = words(of: text)
    return words.split { separators.contains($0) }.compactMap { command in
      // The rest of a redirected command names a file.
      let command = Array(command.prefix { $0 != ">" })
      return programWords(of: command).map { ShownCommand(line: line, words: $0) }
    }
  }

  /// The words for the program; none if the command does not start it.
  private static func programWords(of command: [String]) -> [String]? {
    guard let first = command.first else { return nil }
    if first == "lcnn-dist" { return Array(command.dropFirst()) }
    if launchers.contains(first), let program = command.firstIndex(of: "lcnn-dist") {
      return Array(command[(program + 1)...])
    }
    if first.hasSuffix("launch/supervise"), let start = command.firstIndex(of: "--") {
      return programWords(of: Array(command[(start + 1)...]))
    }
    if first.hasSuffix("launch/local"), let start = command.firstIndex(of: "--") {
      return Array(command[(start + 1)...])
    }
    if first == "sbatch",
      let script = command.firstIndex(where: trainingScripts.contains), script + 1 < command.count
    {
      return ["train", "--run"] + command[(script + 1)...]
    }
    return nil
  }

  /// A line's words; quotes group and go, and a `#` before a word begins a comment.
  private static func words(of text: String) -> [String] {
    var words: [String] = []
    var word = ""
    var quote: Character?
    func end() {
      if !word.isEmpty { words.append(word) }
      word = ""
    }
    for character in text {
      if let open = quote {
        if character == open { quote = nil } else { word.append(character) }
      } else if character == "#" && word.isEmpty {
        break
      } else if character == "'" || character == "\"" {
        quote = character
      } else if character.isWhitespace {
        end()
      } else if character == ";" {
        end()
        words.append(";")
      } else {
        word.append(character)
      }
    }
    end()
    return words
  }
}
