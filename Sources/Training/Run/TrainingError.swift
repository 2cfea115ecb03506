import Failures

/// An error that ends a training run, apart from those of files, recipes and the launch.
public enum TrainingError: Failure, Equatable {
  /// Fewer samples in a batch than ranks to share them.
  case batchSmallerThanRanks(batch: Int, ranks: Int)
  /// `found` is the first value that is not finite, where it was found.
  case nonFinite(epoch: Int, step: Int, found: String?)
  /// A rank's weights or state are no longer those of rank 0.
  case replicasDiffer(tensor: String, rank: Int, step: Int)
  /// Another rank failed; its message says how.
  case failedElsewhere(step: Int)
  case nothingToResume(run: String)
  /// A run's directory is given for a model and holds no checkpoint.
  case noCheckpoint(run: String)
  case changed(key: String, checkpoint: String, recipe: String)
  /// A resumed run finds other samples than it began with.
  case dataChanged(what: String, run: String)
  /// A signal asked for the end, and a checkpoint was written.
  case stopped(step: Int, run: String)

  public var exitStatus: ExitStatus {
    switch self {
    case .batchSmallerThanRanks, .changed: .usage
    case .nonFinite: .diverged
    case .replicasDiffer: .replicasDiffer
    case .failedElsewhere: .writeFailed
    case .nothingToResume, .noCheckpoint, .dataChanged: .unusableInput
    case .stopped: .stopped
    }
  }

  public var description: String {
    switch self {
    case .batchSmallerThanRanks(let batch, let ranks):
      "--batch-size \(batch) is the batch over all ranks and must hold a sample for each of the "
        + "\(ranks) ranks, each thread being one: use a larger batch or fewer of them"
    case .nonFinite(let epoch, let step, let found):
      "loss or gradient is not finite at step \(step) of epoch \(epoch)"
        + (found.map { ", \($0)" } ?? "") + "; "
        + "the weights are as they were before it: lower --learning-rate or lengthen --warmup-epochs"
    case .replicasDiffer(let tensor, let rank, let step):
      "rank \(rank) no longer holds what rank 0 holds: \(tensor) differs after step \(step); "
        + "nothing was saved since the check before; --resume goes back to the newest checkpoint"
    case .failedElsewhere(let step):
      "another rank failed at step \(step)"
    case .nothingToResume(let run):
      "\(run): no checkpoint to resume from; start a new run, without --resume"
    case .noCheckpoint(let run):
      "\(run): holds no checkpoint, expected a model file, a checkpoint or a run that has one"
    case .changed(let key, let checkpoint, let recipe):
      "the checkpoint was trained with --\(key) \(checkpoint), the recipe says \(recipe); "
        + "a run keeps it: start a new one with --initial"
    case .dataChanged(let what, let run):
      "the \(what) are not those of \(run)/environment.jsonl (SHA-256); "
        + "a run keeps its data: start a new one with --initial"
    case .stopped(let step, let run):
      "stopped by a signal after step \(step); go on with: "
        + "lcnn-dist train --resume --run \(ShellWord(run))"
    }
  }
}
