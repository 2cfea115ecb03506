/// A part of the benchmark that can be asked for by itself.
public enum BenchmarkSection: String, Sendable, CaseIterable, Codable {
  /// What a core can do at most.
  case machine
  /// The loops that the network's layers are made of.
  case kernels
  /// The training step.
  case step
  /// Sums over ranks.
  case allreduce
  /// What of the gradients' communication computing hides.
  case overlap
  /// What ranks of one job make of as many jobs of one rank.
  case scaling
  /// What `reproducible` costs.
  case reproducible
  /// What the ledger of collectives, the watchdog and the comparison of replicas cost.
  case diagnosis
  /// The cost model.
  case model

  /// The sections that `asked` are made from, in order, besides themselves.
  ///
  /// A job of one rank has nothing to sum, to compare or to wait for.
  static func needed(for asked: Set<BenchmarkSection>, ranks: Int) -> Set<BenchmarkSection> {
    var needed = asked
    if needed.contains(.model) { needed.formUnion([.step, .allreduce]) }
    if needed.contains(.step) { needed.insert(.kernels) }
    if needed.contains(.kernels) { needed.insert(.machine) }
    if ranks == 1 { needed.subtract([.allreduce, .overlap, .scaling, .diagnosis]) }
    return needed
  }
}
