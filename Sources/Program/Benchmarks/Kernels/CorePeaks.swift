import Kernels

/// The measured peaks of one core of this node.
public struct CorePeaks: Sendable, Equatable, Codable {
  /// A matrix product [rows, inner]·[inner, columns] by OpenBLAS.
  public struct Product: Sendable, Equatable, Codable {
    public let rows: Int
    public let inner: Int
    public let columns: Int
    /// Operations per second.
    public let operations: Double
  }

  /// The vector units that the kernels use.
  public let vectors: String
  /// The core type of OpenBLAS's kernels.
  public let blasCore: String
  /// Floating-point operations per second of multiply-adds in registers.
  public let multiplyAdd: Double
  /// Operations per second of products of bfloat16 pairs, added to floats; nil without an
  /// instruction for them.
  public let pairMultiplyAdd: Double?
  /// Bytes per second.
  public let read: Double
  public let copy: Double
  public let triad: Double
  /// Seconds of the first touch of a page, and its bytes.
  public let pageFault: Double
  public let pageBytes: Int
  public let products: [Product]

  /// Operations per second of one precision; without an instruction for bfloat16 those of floats.
  public func multiplyAdd(of precision: Precision) -> Double {
    switch precision {
    case .float32: multiplyAdd
    case .bfloat16: pairMultiplyAdd ?? multiplyAdd
    // A multiply-add takes six products.
    case .bfloat16x3: (pairMultiplyAdd ?? multiplyAdd) / 6
    }
  }
}
