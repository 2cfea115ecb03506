import Checkpoints
import Foundation

/// `communication.json`: the gradient plans of a run, which its resumed starts keep.
///
/// Every number of ranks and threads has a separate entry: the fastest plan for one need not be the
/// fastest for another, and the plan may decide the rounding of sums.
struct StoredGradientChoice: Codable, Equatable {
  let chosen: GradientPlan
  let ranks: Int
  /// Number of threads of each process.
  let threads: [Int]
  /// The trial; empty where the plainest plan was taken without one.
  let measured: [GradientMeasurement]

  /// The entry of an earlier start with as many ranks and threads.
  ///
  /// Nil if there is none, or if the file cannot be read.
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

  /// Replaces the entry for as many ranks and threads.
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
