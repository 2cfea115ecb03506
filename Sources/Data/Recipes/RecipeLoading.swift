import EmbeddedFiles
import Foundation
import Yams

extension Recipe {
  /// Reads and validates the built-in recipe named `nameOrPath`, or else the file at this path.
  public static func load(_ nameOrPath: String) throws(RecipeError) -> Recipe {
    if let text = EmbeddedFiles.recipe(named: nameOrPath) {
      return try Recipe(yaml: text, source: "\(nameOrPath).yaml")
    }
    let builtIn = EmbeddedFiles.recipes.map(\.name)
    guard FileManager.default.fileExists(atPath: nameOrPath) else {
      throw .notFound(
        name: nameOrPath, builtIn: builtIn,
        nearest: Spelling.nearest(to: nameOrPath, among: builtIn))
    }
    // A process substitution is a pipe, whose writer is worth a wait.
    let text: String
    do { text = try String(contentsOfFile: nameOrPath, encoding: .utf8) } catch {
      throw .unreadable(path: nameOrPath, reason: "cannot be read as UTF-8 text")
    }
    return try Recipe(yaml: text, source: nameOrPath)
  }

  /// Reads a flat mapping and validates the result; missing keys keep their defaults.
  ///
  /// Only messages use `source`. JSON is YAML, so this also reads the text of ``jsonObject``.
  public init(yaml: String, source: String) throws(RecipeError) {
    self.init()
    // A text without nodes is empty or all comments, and gives a recipe of defaults.
    if let root = try Self.compose(yaml, source: source) {
      guard case .mapping(let mapping) = root else {
        throw .notAMapping(.line(root.mark?.line ?? 1, of: source))
      }
      for (keyNode, valueNode) in mapping {
        let place = RecipePlace.line(keyNode.mark?.line ?? 1, of: source)
        guard case .scalar(let scalar) = keyNode else { throw .notAMapping(place) }
        let key = try Self.key(scalar.string, at: place)
        guard let value = RecipeValue(valueNode) else {
          throw .wrongValue(place, key: key.name, found: "a mapping", expected: key.values)
        }
        try key.set(value, in: &self, at: place)
      }
    }
    do { try validate() } catch { throw .rule(file: source, error) }
  }

  /// Sets one key from the command line.
  ///
  /// Lists are written `16,32` or `[16, 32]`. Changing the architecture resets the sizes, so set
  /// them after it. Call ``validate()`` after the last key.
  public mutating func set(key name: String, text: String) throws(RecipeError) {
    let key = try Self.key(name, at: .flag)
    let inherited = self.architecture
    try key.set(RecipeValue(flag: text, form: key.form), in: &self, at: .flag)
    // Sizes are valid only for the architecture that they were written for.
    if self.architecture != inherited {
      (self.stem, self.widths, self.blocks, self.layers) = (nil, [], [], [])
    }
  }

  /// The largest recipe in bytes, and its most brackets and aliases; every recipe is far below the
  /// first two, and needs no alias.
  private static let (largestText, mostBrackets, mostAliases) = (1 << 20, 256, 4)

  /// Refuses text that a few bytes make the parser work or recurse on for ever: aliases of aliases,
  /// and brackets in brackets.
  ///
  /// Whatever could be one is counted, in comments and quotes too: only a parser knows where these
  /// end. Few of either do no harm.
  private static func checkSize(_ yaml: String, _ source: String) throws(RecipeError) {
    guard yaml.utf8.count <= largestText else {
      throw .unreadable(path: source, reason: "larger than \(largestText) bytes")
    }
    func isWord(_ byte: UInt8) -> Bool {
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "a")...UInt8(ascii: "z"):
        true
      default: false
      }
    }
    var (line, brackets, aliases) = (1, 0, 0)
    var previous = UInt8(ascii: "\n")
    var isAsterisk = false
    for byte in yaml.utf8 {
      if isAsterisk, isWord(byte) || "_-".utf8.contains(byte) { aliases += 1 }
      guard aliases <= mostAliases else {
        throw .syntax(.line(line, of: source), problem: "aliases such as *name have no use here")
      }
      isAsterisk = byte == UInt8(ascii: "*") && !isWord(previous)
      previous = byte
      if byte == UInt8(ascii: "\n") { line += 1 }
      if "[{".utf8.contains(byte) { brackets += 1 }
      guard brackets <= mostBrackets else {
        throw .syntax(.line(line, of: source), problem: "more than \(mostBrackets) brackets")
      }
    }
  }

  private static func compose(_ yaml: String, source: String) throws(RecipeError) -> Node? {
    try checkSize(yaml, source)
    do { return try Yams.compose(yaml: yaml) } catch let error as YamlError {
      switch error {
      case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
        .composer(_, let problem, let mark, _):
        // At the end of the text the parser's line number may exceed the number of lines.
        let lastLine = yaml.split(separator: "\n", omittingEmptySubsequences: false).count
        throw .syntax(.line(min(mark.line, lastLine), of: source), problem: problem)
      case .duplicatedKeysInMapping(let keys, let context):
        throw .duplicateKey(.line(context.mark.line, of: source), key: keys.first ?? "")
      default:
        throw .unreadable(path: source, reason: "not YAML")
      }
    } catch {
      throw .unreadable(path: source, reason: "not YAML")
    }
  }
}

extension RecipeValue {
  /// Converts a YAML node; nil for a mapping or a list of lists.
  fileprivate init?(_ node: Node) {
    switch node {
    case .scalar(let scalar):
      let isNull = scalar.style == .plain && ["", "~", "null"].contains(scalar.string)
      self = isNull ? .null : .text(scalar.string)
    case .sequence(let sequence):
      var values: [RecipeValue] = []
      for node in sequence {
        guard case .scalar(let scalar) = node else { return nil }
        values.append(.text(scalar.string))
      }
      self = .list(values)
    default: return nil
    }
  }
}
