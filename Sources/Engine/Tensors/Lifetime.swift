/// The moments of a plan in which the contents of a tensor are needed: stretches of consecutive
/// moments.
///
/// Tensors whose lifetimes have no common moment may share memory.
public struct Lifetime: Sendable, Equatable {
  private let stretches: [ClosedRange<Int>]

  public init(_ stretches: ClosedRange<Int>...) { self.stretches = stretches }

  private init(_ stretches: [ClosedRange<Int>]) { self.stretches = stretches }

  /// The union of two lifetimes.
  public static func + (a: Lifetime, b: Lifetime) -> Lifetime {
    Lifetime(a.stretches + b.stretches)
  }

  /// Whether the contents are needed at `moment`.
  public func contains(_ moment: Int) -> Bool {
    stretches.contains { $0.contains(moment) }
  }

  /// Whether both tensors are needed at some moment.
  public func overlaps(_ other: Lifetime) -> Bool {
    stretches.contains { stretch in other.stretches.contains(where: stretch.overlaps) }
  }
}
