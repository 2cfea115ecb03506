/// Small images in rows and columns, which are the categories of the plot's axes.
public struct ImageGrid: Sendable, Equatable {
  /// One image.
  public struct Cell: Sendable, Equatable {
    /// A PNG file in Base64.
    let png: String
    /// Words for the tooltip and for readers who do not see the image.
    let words: String

    /// - Parameter png: Base64 only, since it is written into the page as it is.
    public init?(png: String, words: String) {
      let isBase64 = png.utf8.allSatisfy { character in
        switch character {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "/"),
          UInt8(ascii: "="):
          true
        default: false
        }
      }
      guard isBase64, !png.isEmpty else { return nil }
      self.png = png
      self.words = words
    }
  }

  /// Rows × columns, the first row on top; nil leaves a gap.
  public let cells: [[Cell?]]

  public init(_ cells: [[Cell?]]) { self.cells = cells }
}
