import Checkpoints
import Foundation

/// Whether a run's metrics and measurements are those of its newest checkpoint.
public struct RunFreshness: Sendable {
  /// A file of a measurement, and the model that it names; nil in older documents.
  typealias Measurement = (file: RunFile, sha256: String?, step: Int?)

  /// The last step in the metrics, and the newest checkpoint's, if the metrics end before it.
  public let lostMetrics: (last: Int, checkpoint: Int)?
  /// Files whose measurements are of another model than the run's newest, with the reason.
  private(set) var outdated: [(file: RunFile, reason: String)] = []
  private let path: String

  /// The step of the run's newest checkpoint; nil without one.
  ///
  /// Read it before the metrics: a run that goes on writes these first.
  static func newestCheckpoint(of path: String) throws -> Int? {
    try CheckpointStore(directory: RunDirectory(opening: path)).steps().last
  }

  /// - Parameters:
  ///   - newest: the step of the newest checkpoint.
  ///   - lastStep: the last step in the metrics.
  init(_ path: String, newest: Int?, lastStep: Int, measured: [Measurement]) throws {
    self.path = path
    lostMetrics = newest.flatMap { $0 > lastStep ? (lastStep, $0) : nil }
    let store = CheckpointStore(directory: try RunDirectory(opening: path))
    let digest = newest.flatMap { Checkpoint.modelDigest(in: store.path(step: $0)) }
    outdated = measured.compactMap { file, sha256, step in
      let name = file.path(in: path)
      if let sha256, let digest {
        guard sha256 != digest else { return nil }
        let model = step.map { "the model after step \($0)" } ?? "another model"
        return (file, "\(name) is of \(model), the run's newest is after step \(newest ?? 0)")
      }
      guard let date = Self.date(of: name),
        let trained = Self.date(of: RunFile.metrics.path(in: path)), date < trained
      else { return nil }
      return (file, "\(name) is older than the run's last step")
    }
  }

  /// A line for each fault, with what mends it.
  var notes: [String] {
    let lost = lostMetrics.map {
      "\(path): metrics.jsonl ends at step \($0.last), before the checkpoint of step "
        + "\($0.checkpoint): lines are lost, and the accuracy with them"
    }
    return (lost.map { [$0] } ?? []) + outdated.map { "\($0.reason): measure again" }
  }

  private static func date(of path: String) -> Date? {
    (try? FileManager.default.attributesOfItem(atPath: path))?[.modificationDate] as? Date
  }
}
