/// A word of a command that a message prints, quoted where a shell would take it apart.
public struct ShellWord: CustomStringConvertible, Sendable {
  private let word: String

  public init(_ word: String) { self.word = word }

  public var description: String {
    let isPlain = word.allSatisfy {
      $0.isLetter || $0.isNumber || "_-./:=,+@%".contains($0)
    }
    return isPlain && !word.isEmpty ? word : "'\(word.replacing("'", with: #"'\''"#))'"
  }
}
