import Layers
import Tensors

/// A parameter that one rank refreshes and moves for all ranks that share it.
public struct AssignedParameter {
  public let parameter: Parameter
  /// The function between the parameter's value and its effective value; nil if these are the same.
  let reparameterization: (any Reparameterization)?

  /// ∂L/∂effective ─▶ ∂L/∂value, once a step, after reduction.
  public func pullBack() {
    if parameter.isTrained { reparameterization?.pullBack() }
  }

  /// The work of a step outside the passes, approximately, in multiplications.
  private var cost: Int {
    (reparameterization?.multiplications ?? 0)
      + parameter.shape.count * AssignedParameter.multiplicationsPerFloat
  }

  /// A step moves a float between memory and core about ten times: at 38 GB/s and 118 billion
  /// multiplications a second, each time takes as long as twelve multiplications.
  private static let multiplicationsPerFloat = 120

  /// The parameters that are assigned to one of `nodeSize` ranks, in the order of `parameters`.
  ///
  /// The costliest parameter is assigned first, each to the rank with the least work so far.
  static func share(
    nodeRank: Int, of nodeSize: Int, _ parameters: [Parameter],
    _ reparameterizations: [any Reparameterization]
  ) -> [AssignedParameter] {
    let all = parameters.map { parameter in
      AssignedParameter(
        parameter: parameter,
        reparameterization: reparameterizations.first { $0.parameter === parameter })
    }
    // Sorting is not stable, so the index decides between equal costs.
    let byCost = all.indices.sorted { (all[$1].cost, $0) < (all[$0].cost, $1) }
    var loads = [Int](repeating: 0, count: nodeSize)
    var assignees = [Int](repeating: 0, count: all.count)
    for index in byCost {
      let least = loads.indices.min { (loads[$0], $0) < (loads[$1], $1) } ?? 0
      assignees[index] = least
      loads[least] += all[index].cost
    }
    return all.indices.filter { assignees[$0] == nodeRank }.map { all[$0] }
  }
}
