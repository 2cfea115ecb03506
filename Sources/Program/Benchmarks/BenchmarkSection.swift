/// A part of the benchmark that can be asked for by itself.
public enum BenchmarkSection: String, Sendable, CaseIterable, Codable {
  /// Peaks of a core.
  case machine
  /// The loops of the network's layers.
  case kernels
  /// The training step.
  case step
  /// The step of every training arm over that of the standard arm.
  case arms
  /// Allreduces of many sizes.
  case allreduce
  /// The gradients' communication that computing hides.
  case overlap
  /// The speed of the ranks of one job over that of as many jobs of one rank.
  case scaling
  /// The cost of `reproducible`.
  case reproducible
  /// The cost of the ledger of collectives, the watchdog and the comparison of replicas.
  case diagnosis
  /// The cost of metrics, event files, display and traces.
  case observation
  /// The cost model.
  case model

  /// `asked`, and the sections that these are made from.
  ///
  /// A job of one rank has no other rank to communicate or to be compared with.
  static func needed(for asked: Set<BenchmarkSection>, ranks: Int) -> Set<BenchmarkSection> {
    var needed = asked
    if needed.contains(.model) { needed.formUnion([.step, .allreduce]) }
    if needed.contains(.step) { needed.insert(.kernels) }
    if needed.contains(.kernels) { needed.insert(.machine) }
    if ranks == 1 { needed.subtract([.allreduce, .overlap, .scaling, .diagnosis]) }
    return needed
  }
}
