import Networks

/// What a rank tells all others, with a step's counters, about its copy for a checkpoint.
///
/// Rank 0 brings its digest; from the next step on, each rank says whether its own is equal. The
/// ranks have all spoken where the sums of `equal` and `unequal` are their number. This takes no
/// collective, and no memory that grows with the ranks.
public struct ReplicaBallot: Sendable, Equatable {
  /// A digest in pieces of 16 bits, each plus 1, which float32 holds and sums exactly; 0 for none.
  public typealias Pieces = SIMD8<Float>

  /// Rank 0's digest, which the other ranks leave 0.
  public var rootDigest: Pieces
  /// Ranks whose copy is rank 0's, and ranks whose copy is another one.
  public var equal: Float
  public var unequal: Float

  public init(rootDigest: Pieces = Pieces(), equal: Float = 0, unequal: Float = 0) {
    self.rootDigest = rootDigest
    self.equal = equal
    self.unequal = unequal
  }
}

extension ReplicaDigest {
  /// The digest of rank 0 as it goes over the ranks.
  package var pieces: ReplicaBallot.Pieces {
    var pieces = ReplicaBallot.Pieces()
    for piece in 0..<4 {
      pieces[piece] = Float((shared ?? 0) >> (16 * piece) & 0xFFFF) + 1
      pieces[4 + piece] = Float(statistics >> (16 * piece) & 0xFFFF) + 1
    }
    return pieces
  }

  /// Nil where rank 0 has brought none.
  package init?(_ pieces: ReplicaBallot.Pieces) {
    guard pieces.indices.allSatisfy({ pieces[$0] >= 1 }) else { return nil }
    func word(_ first: Int) -> UInt64 {
      (0..<4).reduce(0) { $0 | UInt64(pieces[first + $1] - 1) << (16 * $1) }
    }
    self.init(shared: word(0), statistics: word(4))
  }
}
