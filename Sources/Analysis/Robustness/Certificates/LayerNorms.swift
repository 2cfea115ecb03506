import Networks

/// The norms of one affine map of a network in evaluation mode, its batch norm included.
public struct LayerNorms: Sendable, Equatable, BitwiseCopyable {
  /// ‖A‖₂ from above, of the circular operator: ``CertifiedNorm``.
  public let certified: Double
  /// ‖A‖₂ from below, of the zero-padded operator: ``ZeroPaddedNorm``.
  public let zeroPadded: Double
  /// The largest length of a row of A, rounded up: how far one output can move.
  public let largestRow: Double

  /// How far the certified norm is above the zero-padded operator's, as a share of it.
  public var gap: Double { zeroPadded > 0 ? certified / zeroPadded - 1 : 0 }

  init(_ map: EvaluationNetwork.AffineMap) throws {
    let weight = map.weight()
    certified = try CertifiedNorm.upperBound(map.geometry, weight: weight)
    zeroPadded = try ZeroPaddedNorm.estimate(map.geometry, weight: weight)
    let outputs = map.geometry.outputChannels
    var squares = [Double](repeating: 0, count: outputs)
    for (index, value) in weight.enumerated() { squares[index % outputs] += value * value }
    let summands = Double(map.geometry.patch + 2)
    largestRow = (squares.max() ?? 0).squareRoot() * (1 + summands * .ulpOfOne)
  }

  /// The norms of a rank's share of a network's layers, in their order.
  ///
  /// Which rank measures a layer changes no number.
  /// - Parameter model: refreshed.
  /// - Throws: ``ArenaError`` if the matrices do not fit.
  public static func measure(_ model: Model, rank: Int, size: Int) throws -> [LayerNorms] {
    let maps = EvaluationNetwork(model).affineMaps
    return try shares(of: maps, size: size)[rank].map { try LayerNorms(maps[$0]) }
  }

  /// All layers' norms in their order, from what every rank has measured.
  public static func merge(_ parts: [[LayerNorms]], of model: Model) -> [LayerNorms] {
    let shares = shares(of: EvaluationNetwork(model).affineMaps, size: parts.count)
    let numbered = zip(shares, parts).flatMap { zip($0, $1) }
    return numbered.sorted { $0.0 < $1.0 }.map(\.1)
  }

  /// The indices of each rank's layers, ascending: the costliest go first, to whoever has least to
  /// do.
  private static func shares(of maps: [EvaluationNetwork.AffineMap], size: Int) -> [[Int]] {
    let costs = maps.map { CertifiedNorm.cost($0.geometry) }
    var loads = [Int](repeating: 0, count: size)
    var shares = [[Int]](repeating: [], count: size)
    for index in maps.indices.sorted(by: { (costs[$1], $0) < (costs[$0], $1) }) {
      let rank = loads.indices.min { (loads[$0], $0) < (loads[$1], $1) } ?? 0
      loads[rank] += costs[index]
      shares[rank].append(index)
    }
    return shares.map { $0.sorted() }
  }
}
