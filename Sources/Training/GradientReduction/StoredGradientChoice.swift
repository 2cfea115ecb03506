import Checkpoints
import Foundation

/// `communication.json`: how a run sums its gradients, as settled by its starts, for a resumed run to keep.
///
/// Every number of ranks, and of their threads, has a choice of its own: what is fastest for one need not be
/// for another, and the choice may decide how sums are rounded.
struct StoredGradientChoice: Codable, Equatable {
  let chosen: GradientPlan
  let ranks: Int
  /// Each process's.
  let threads: [Int]
  /// Empty where the plainest plan was taken without measuring.
  let measured: [GradientMeasurement]

  /// What a start of the run with as many ranks and threads has settled.
  ///
  /// None if there was none, or the file is not one that this program has written.
  init?(of run: RunDirectory, ranks: Int, threads: [Int]) {
    guard let found = Self.all(of: run).first(where: { $0.ranks == ranks && $0.threads == threads })
    else { return nil }
    self = found
  }

  init(chosen: GradientPlan, ranks: Int, threads: [Int], measured: [GradientMeasurement]) {
    self.chosen = chosen
    self.ranks = ranks
    self.threads = threads
    self.measured = measured
  }

  /// Replaces what is stored for as many ranks and threads.
  func write(to run: RunDirectory) throws {
    let others = Self.all(of: run).filter { $0.ranks != ranks || $0.threads != threads }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    try run.write(
      Array(try encoder.encode(others + [self])) + [UInt8(ascii: "\n")], to: .communication)
  }

  private static func all(of run: RunDirectory) -> [StoredGradientChoice] {
    guard let text = FileManager.default.contents(atPath: run.path(of: .communication)) else {
      return []
    }
    return (try? JSONDecoder().decode([StoredGradientChoice].self, from: text)) ?? []
  }
}
