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

  /// The largest recipe in bytes, and its deepest brackets; every recipe is far below both.
  private static let (largestText, deepestNesting) = (1 << 20, 16)

  /// Refuses text that a few bytes make the parser work or recurse on for ever: aliases of aliases,
  /// and brackets in brackets.
  private static func checkSize(_ yaml: String, _ source: String) throws(RecipeError) {
    guard yaml.utf8.count <= largestText else {
      throw .unreadable(path: source, reason: "larger than \(largestText) bytes")
    }
    var (line, depth, isIndicator) = (1, 0, true)
    // The byte that ends a quoted text or a comment.
    var end: UInt8?
    for byte in yaml.utf8 {
      if byte == UInt8(ascii: "\n") { line += 1 }
      if let closing = end {
        if byte == closing { end = nil }
        isIndicator = end == nil
        continue
      }
      switch byte {
      case UInt8(ascii: "*") where isIndicator, UInt8(ascii: "&") where isIndicator:
        throw .syntax(.line(line, of: source), problem: "anchors and aliases have no use here")
      case UInt8(ascii: "\""), UInt8(ascii: "'"): if isIndicator { end = byte }
      case UInt8(ascii: "#"): if isIndicator { end = UInt8(ascii: "\n") }
      case UInt8(ascii: "["), UInt8(ascii: "{"): depth += 1
      case UInt8(ascii: "]"), UInt8(ascii: "}"): depth -= 1
      default: break
      }
      guard depth <= deepestNesting else {
        throw .syntax(.line(line, of: source), problem: "brackets nested too deep")
      }
      isIndicator = " \t\n\r,:[{".utf8.contains(byte)
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
