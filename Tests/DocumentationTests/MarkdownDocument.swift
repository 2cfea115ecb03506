import Foundation
import Testing

/// A Markdown document: its links, headings, code blocks and inline code.
struct MarkdownDocument: CustomTestStringConvertible {
  /// A piece of text and the line on which it begins, from 1.
  struct Piece {
    let line: Int
    let text: String
  }

  struct CodeBlock {
    let language: String
    /// The line after the opening fence.
    let line: Int
    let lines: [String]
  }

  /// Relative to the repository.
  let path: String
  let lines: [String]
  private(set) var headings: [String] = []
  private(set) var codeBlocks: [CodeBlock] = []
  private(set) var inlineCode: [Piece] = []
  /// Targets of links, such as `doc:Page#Heading`, `../a.md` or `https://…`.
  private(set) var links: [Piece] = []

  init(path: String, text: String) {
    self.path = path
    lines = text.components(separatedBy: "\n")
    var prose: [String] = []
    var open: (language: String, line: Int)?
    for (index, line) in lines.enumerated() {
      let trimmed = line.trimmingCharacters(in: .whitespaces)
      if trimmed.hasPrefix("```") {
        if let block = open {
          codeBlocks.append(
            CodeBlock(
              language: block.language, line: block.line,
              lines: Array(lines[(block.line - 1)..<index])))
          open = nil
        } else {
          open = (String(trimmed.dropFirst(3)), index + 2)
        }
        prose.append("")
      } else if open != nil {
        prose.append("")
      } else {
        if trimmed.hasPrefix("#") { headings.append(Self.title(of: trimmed)) }
        prose.append(line)
      }
    }
    readProse(prose.joined(separator: "\n"))
  }

  /// The file's name without its extension, by which pages are linked.
  var name: String { URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent }

  var testDescription: String { path }

  /// Whether a heading has this anchor, by GitHub's rule or by DocC's, which keeps capitals.
  func hasAnchor(_ anchor: String) -> Bool {
    let wanted = anchor.removingPercentEncoding?.lowercased() ?? anchor
    return headings.contains { Self.anchor(of: $0) == wanted }
  }

  private mutating func readProse(_ prose: String) {
    // Code keeps its length, so that lines can be counted, and holds no links.
    var text = prose
    for match in prose.matches(of: /`([^`]+)`/).reversed() {
      let code = String(match.1)
      inlineCode.insert(
        Piece(line: Self.line(of: match.range.lowerBound, in: prose), text: code), at: 0)
      text.replaceSubrange(match.range, with: code.map { $0 == "\n" ? "\n" : "x" })
    }
    links =
      text.matches(of: /\[[^\[\]]*\]\(([^()\s]+)\)/).map {
        Piece(line: Self.line(of: $0.range.lowerBound, in: text), text: String($0.1))
      }
      + text.matches(of: /<(doc:[^>\s]+)>/).map {
        Piece(line: Self.line(of: $0.range.lowerBound, in: text), text: String($0.1))
      }
  }

  private static func line(of index: String.Index, in text: String) -> Int {
    text[..<index].count { $0 == "\n" } + 1
  }

  private static func title(of heading: String) -> String {
    heading.drop { $0 == "#" }.trimmingCharacters(in: .whitespaces)
  }

  /// Lower case; spaces become hyphens, punctuation goes.
  private static func anchor(of heading: String) -> String {
    heading.lowercased().compactMap { character -> String? in
      if character == " " { return "-" }
      let stays = character.isLetter || character.isNumber || "-_".contains(character)
      return stays ? String(character) : nil
    }.joined()
  }
}
