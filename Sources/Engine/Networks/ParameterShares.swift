import Layers
import Tensors

/// A parameter, with what stands between its value and what layers read.
public struct OwnedParameter {
  public let parameter: Parameter
  let reparameterization: (any Reparameterization)?

  /// ∂L/∂effective ─▶ ∂L/∂value, once a step, after reduction.
  public func pullBack() {
    if parameter.isTrained { reparameterization?.pullBack() }
  }

  /// About what a step costs besides the passes, in multiplications.
  fileprivate var cost: Int {
    (reparameterization?.multiplications ?? 0)
      + parameter.shape.count * OwnedParameter.multiplicationsPerFloat
  }

  /// A float is moved between memory and core some ten times in a step: at 38 GB/s and 118 billion
  /// multiplications a second, each time takes as long as twelve of them.
  private static let multiplicationsPerFloat = 120
}

/// How the ranks that have a model's parameters in common share out the work on them.
enum ParameterShares {
  /// The parameters of one of `sharers` ranks, in their order: each goes, the most costly first, to the rank
  /// that has the least to do.
  static func of(
    sharer: Int, of sharers: Int, _ parameters: [Parameter],
    _ reparameterizations: [any Reparameterization]
  ) -> [OwnedParameter] {
    let all = parameters.map { parameter in
      OwnedParameter(
        parameter: parameter,
        reparameterization: reparameterizations.first { $0.parameter === parameter })
    }
    // Sorting is not stable; the place decides between equals.
    let byCost = all.indices.sorted { (all[$1].cost, $0) < (all[$0].cost, $1) }
    var loads = [Int](repeating: 0, count: sharers)
    var owners = [Int](repeating: 0, count: all.count)
    for index in byCost {
      let least = loads.indices.min { (loads[$0], $0) < (loads[$1], $1) } ?? 0
      owners[index] = least
      loads[least] += all[index].cost
    }
    return all.indices.filter { owners[$0] == sharer }.map { all[$0] }
  }
}
