/// Text of XML and HTML.
public enum Markup {
  /// The text with the five characters of markup replaced, and control characters left out.
  ///
  /// Names of runs, layers and recipe keys come from files, so they may hold anything.
  public static func escaped(_ text: String) -> String {
    var escaped = ""
    for character in text.unicodeScalars {
      switch character {
      case "&": escaped += "&amp;"
      case "<": escaped += "&lt;"
      case ">": escaped += "&gt;"
      case "\"": escaped += "&quot;"
      case "'": escaped += "&#39;"
      case "\n", "\t": escaped += " "
      case _ where character.value < 32 || character.value == 127: continue
      default: escaped.unicodeScalars.append(character)
      }
    }
    return escaped
  }
}
