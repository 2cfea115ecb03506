import Foundation

/// JSON text of a command's results.
public enum ResultDocument {
  /// Encodes the document with sorted keys; numbers read back exactly.
  public static func text(_ document: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(document), as: UTF8.self) + "\n"
  }
}
