/// A pass over all blocks of a network, in one direction.
public enum Sweep: String, Sendable, CaseIterable, Codable {
  case forward, backward, forwardTangent, backwardTangent
}

/// An observer of a model's sweeps, told as each block of the chain begins and ends.
///
/// The calls come in the order of the sweep, from the thread that makes it, and must not allocate
/// where the sweep must not.
public protocol SweepProbe: AnyObject {
  /// - Parameter block: an index into the layers of ``Model/chain``.
  func begin(_ sweep: Sweep, block: Int)
  func end(_ sweep: Sweep, block: Int)
}
