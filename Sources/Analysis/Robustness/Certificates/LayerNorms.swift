import Networks

/// The norms of one affine map of a network in evaluation mode, its batch norm included.
public struct LayerNorms: Sendable, Equatable, BitwiseCopyable {
  /// An upper bound of ‖A‖₂, from the circular operator: ``CertifiedNorm``.
  public let certified: Double
  /// A lower bound of ‖A‖₂, from the zero-padded operator: ``ZeroPaddedNorm``.
  public let zeroPadded: Double
  /// The largest length of a row of A, rounded up: the largest change of one output per unit of the
  /// input.
  public let largestRow: Double

  /// The excess of the certified norm over the zero-padded operator's, relative.
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

  /// The norms of a rank's share of a network's layers, in layer order.
  ///
  /// The numbers do not depend on the rank that measures a layer.
  /// - Parameter model: refreshed.
  /// - Parameter onLayer: told of the cost of the layers that are done, and of all of this rank.
  /// - Throws: ``ArenaError`` if the matrices do not fit.
  public static func measure(
    _ model: Model, rank: Int, size: Int, onLayer: (Double, Double) -> Void = { _, _ in }
  ) throws -> [LayerNorms] {
    let maps = EvaluationNetwork(model).affineMaps
    let share = shares(of: maps, size: size)[rank]
    let costs = share.map { Double(CertifiedNorm.cost(maps[$0].geometry)) }
    return try share.enumerated().map { index, layer in
      let norms = try LayerNorms(maps[layer])
      onLayer(costs[...index].reduce(0, +), costs.reduce(0, +))
      return norms
    }
  }

  /// The norms of all layers in layer order, from the shares of all ranks.
  public static func merge(_ parts: [[LayerNorms]], of model: Model) -> [LayerNorms] {
    let shares = shares(of: EvaluationNetwork(model).affineMaps, size: parts.count)
    let numbered = zip(shares, parts).flatMap { zip($0, $1) }
    return numbered.sorted { $0.0 < $1.0 }.map(\.1)
  }

  /// The indices of each rank's layers, ascending.
  ///
  /// The costliest layer is assigned first, each to the rank with the least work so far.
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
