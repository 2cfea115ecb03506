/// A float tensor that is made in parts when it is written, so that it never is in memory a second time.
public struct DeferredTensor {
  public let name: String
  /// Outermost dimension first; empty for a scalar.
  public let shape: [Int]
  /// How many equal parts it consists of, one after the other.
  public let rows: Int
  /// The elements of some rows, row-major; asked for each time the tensor is written or digested.
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
