/// When what a tensor holds is needed: stretches of moments, which whoever plans has numbered.
///
/// Tensors whose lifetimes have no moment in common may take the same memory.
public struct Lifetime: Sendable, Equatable {
  private let stretches: [ClosedRange<Int>]

  public init(_ stretches: ClosedRange<Int>...) { self.stretches = stretches }

  private init(_ stretches: [ClosedRange<Int>]) { self.stretches = stretches }

  /// The moments of both.
  public static func + (a: Lifetime, b: Lifetime) -> Lifetime {
    Lifetime(a.stretches + b.stretches)
  }

  /// Whether there is a moment at which both tensors are needed.
  public func overlaps(_ other: Lifetime) -> Bool {
    stretches.contains { stretch in other.stretches.contains(where: stretch.overlaps) }
  }
}
