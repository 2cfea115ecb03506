import CEmbedded

/// The files that are part of the program: the digits data set and the recipes of
/// `CEmbedded/recipes`.
public enum EmbeddedFiles {
  /// `digits.csv.gz`: 1797 lines of 64 values 0 … 16 and the label, gzip-compressed.
  public static var digits: UnsafeRawBufferPointer { bytes(of: embedded_digits()) }

  /// The name of each recipe (its file name without `.yaml`) and its text.
  public static let recipes: [(name: String, text: String)] =
    (0..<embedded_recipe_count()).map { index in
      let file = embedded_recipe(index)
      return (String(cString: file.name), String(decoding: bytes(of: file), as: UTF8.self))
    }

  /// The text of the recipe called `name`, or nil if there is none.
  public static func recipe(named name: String) -> String? {
    recipes.first { $0.name == name }?.text
  }

  private static func bytes(of file: EmbeddedFile) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: file.bytes, count: file.count)
  }
}
