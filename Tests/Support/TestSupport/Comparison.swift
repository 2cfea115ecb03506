/// How far float32 results are from expected values.
public struct Comparison: CustomStringConvertible {
  /// The largest difference.
  public private(set) var difference = 0.0
  /// The largest expected magnitude.
  public private(set) var magnitude = 0.0
  private let name: String

  public init(_ name: String, _ found: some Sequence<Float>, _ expected: some Sequence<Double>) {
    self.name = name
    var expected = expected.makeIterator()
    var count = 0
    for value in found {
      guard let target = expected.next() else {
        difference = .infinity
        return
      }
      count += 1
      // A NaN must not pass for a small difference.
      let error = abs(Double(value) - target)
      difference = error.isNaN ? .infinity : max(difference, error)
      magnitude = max(magnitude, abs(target))
    }
    if expected.next() != nil || count == 0 { difference = .infinity }
  }

  /// Whether the largest difference is within `tolerance` of the largest magnitude, or within `floor`.
  public func isWithin(_ tolerance: Double, floor: Double = 0) -> Bool {
    difference <= max(tolerance * magnitude, floor)
  }

  public var description: String {
    "\(name): off by \(difference), largest expected magnitude \(magnitude)"
  }
}
