import Checkpoints
import Foundation

/// `communication.json`: what was measured of a run's gradient sums, for a resumed run to keep.
struct StoredGradientChoice: Codable, Equatable {
  private static let file = "communication.json"

  let chosen: GradientPlan
  /// Another number of ranks measures anew.
  let ranks: Int
  let measured: [GradientMeasurement]

  init(chosen: GradientPlan, ranks: Int, measured: [GradientMeasurement]) {
    self.chosen = chosen
    self.ranks = ranks
    self.measured = measured
  }

  /// None if the run has no such file, or not one that this program has written.
  init?(of run: RunDirectory) {
    guard let text = FileManager.default.contents(atPath: "\(run.path)/\(Self.file)"),
      let stored = try? JSONDecoder().decode(Self.self, from: text)
    else { return nil }
    self = stored
  }

  func write(to run: RunDirectory) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    try run.write(Array(try encoder.encode(self)) + [UInt8(ascii: "\n")], as: Self.file)
  }
}
