extension String {
  /// The text with control characters, which a terminal would obey, as their numbers.
  ///
  /// Line breaks and tabs stay.
  public var withVisibleControls: String {
    guard unicodeScalars.contains(where: Self.isControl) else { return self }
    return unicodeScalars.map {
      Self.isControl($0) ? "\\u{\(String($0.value, radix: 16))}" : String($0)
    }.joined()
  }

  private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
    scalar.properties.generalCategory == .control && scalar != "\n" && scalar != "\t"
  }
}
