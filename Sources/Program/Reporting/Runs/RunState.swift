import Checkpoints
import Foundation
import Recipes

/// State of a run: whether it runs, has ended, or was interrupted.
public enum RunState: String, CaseIterable, Sendable {
  /// A process holds the run's lock, or on another host its metrics have grown lately.
  case running
  /// The recipe's last step is done.
  case finished
  /// The last step has a checkpoint: the run goes on by `--resume` where it ended.
  case stopped
  /// Steps after the newest checkpoint are lost.
  case crashed
  /// Nothing has been trained.
  case empty

  /// Seconds in which a run on another host is taken for a running one after its last line.
  static let patience = 120.0

  init(_ run: RunRecord) {
    let directory = try? RunDirectory(opening: run.path)
    let here = ProcessInfo.processInfo.hostName
    let isElsewhere = run.starts.last.map { !$0.hosts.contains(here) } ?? false
    if directory?.isLocked == true {
      self = .running
    } else if isElsewhere, let age = directory?.secondsSinceMetrics, age < Self.patience {
      self = .running
    } else if run.isFinished {
      self = .finished
    } else if run.lastStep == 0 {
      self = .empty
    } else {
      self = run.newestCheckpoint ?? -1 >= run.lastStep ? .stopped : .crashed
    }
  }
}

extension RunRecord {
  /// Number of the last step in the metrics; 0 without one.
  var lastStep: Int {
    max(metrics?.lastStep ?? 0, metrics?.epochs.last?.step ?? 0)
  }

  /// Whether the metrics reach the end of the recipe.
  var isFinished: Bool {
    guard let recipe, let last = metrics?.epochs.last else { return false }
    return last.epoch >= recipe.epochs || lastStep >= recipe.maxSteps ?? Int.max
  }

  /// Step of the newest checkpoint.
  var newestCheckpoint: Int? {
    let names = try? FileManager.default.contentsOfDirectory(
      atPath: RunFile.checkpoints.path(in: path))
    return names?.compactMap { $0.hasPrefix("step-") ? Int($0.dropFirst(5)) : nil }.max()
  }
}
