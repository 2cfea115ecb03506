import Failures

#if canImport(Glibc)
  import Glibc
#endif

/// A histogram with edges that grow by a constant factor, from the smallest positive value to the
/// largest.
public struct LogarithmicHistogram: Sendable, Equatable, Codable {
  public struct Bin: Sendable, Equatable, Codable {
    public let lower: Double
    /// The upper edge, which only the last bin includes.
    public let upper: Double
    public internal(set) var count: Int
  }

  /// The number of values that are 0.
  public let zeros: Int
  /// The bins in ascending order: one if all positive values are equal, none if there is no
  /// positive value.
  public let bins: [Bin]

  /// - Precondition: values are finite and not negative.
  public init(_ values: [Double], bins number: Int = 10) {
    require(
      number > 0 && values.allSatisfy { $0 >= 0 && $0.isFinite },
      "\(number) bins for \(values.count) values")
    let positive = values.filter { $0 > 0 }
    zeros = values.count - positive.count
    guard let smallest = positive.min(), let largest = positive.max() else {
      bins = []
      return
    }
    let number = smallest == largest ? 1 : number
    let width = (log(largest) - log(smallest)) / Double(number)
    let edges = (0...number).map { index in
      index == 0
        ? smallest
        : index == number ? largest : exp(log(smallest) + Double(index) * width)
    }
    var bins = (0..<number).map { Bin(lower: edges[$0], upper: edges[$0 + 1], count: 0) }
    for value in positive {
      let index = edges.dropFirst().dropLast().firstIndex { value < $0 } ?? number
      bins[index - 1].count += 1
    }
    self.bins = bins
  }
}
