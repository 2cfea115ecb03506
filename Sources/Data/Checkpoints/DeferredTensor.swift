/// A float tensor that is made in parts while it is written, so that memory holds no second copy.
public struct DeferredTensor {
  public let name: String
  /// Sizes of the dimensions, outermost first; empty for a scalar.
  public let shape: [Int]
  /// Number of equal parts, which follow one another.
  public let rows: Int
  /// Elements of a range of rows, row-major; called each time the tensor is written or digested.
  public let values: (Range<Int>) -> [Float]

  public init(
    _ name: String, shape: [Int], rows: Int, values: @escaping (Range<Int>) -> [Float]
  ) {
    self.name = name
    self.shape = shape
    self.rows = rows
    self.values = values
  }

  var count: Int { shape.reduce(1, *) }
}
