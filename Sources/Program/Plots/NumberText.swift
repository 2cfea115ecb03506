import Foundation

/// Numbers as plots and their tables show them.
enum NumberText {
  /// Four significant digits, without trailing zeros.
  static func short(_ value: Double) -> String {
    let text = String(format: "%.4g", value)
    guard let mark = text.firstIndex(of: "e"), let power = Int(text[text.index(after: mark)...])
    else { return text }
    let exponent = String(power).map { superscripts[$0] ?? "" }.joined()
    let factor = text[..<mark]
    return factor == "1" ? "10\(exponent)" : "\(factor)·10\(exponent)"
  }

  private static let superscripts: [Character: String] = [
    "-": "⁻", "0": "⁰", "1": "¹", "2": "²", "3": "³", "4": "⁴", "5": "⁵", "6": "⁶", "7": "⁷",
    "8": "⁸", "9": "⁹",
  ]

  /// A coordinate, to a tenth of a pixel.
  static func coordinate(_ value: Double) -> String {
    let text = String(format: "%.1f", value)
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }
}
