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
  /// No checkpoint has a test accuracy.
  case noTestAccuracy(run: String)
  case changed(key: String, checkpoint: String, recipe: String)
  /// A run is to end before what is trained already.
  case fewerEpochs(begun: Int, recipe: Int)
  /// A run that starts at its beginning again finds another model file than before.
  case initialChanged(path: String)
  /// A resumed run finds other samples than it began with.
  case dataChanged(what: String, run: String)
  /// The end was asked for, and a checkpoint was written.
  case stopped(step: Int, run: String, reason: StopReason = .signal)

  /// Origin of a request to end a run.
  public enum StopReason: Equatable, Sendable {
    case signal
    /// The time of the job is nearly over.
    case jobTime
    case file(String)

    var words: String {
      switch self {
      case .signal: "a signal"
      case .jobTime: "the end of the job's time (\(RunControl.endVariable))"
      case .file(let path): path
      }
    }
  }

  public var exitStatus: ExitStatus {
    switch self {
    case .batchSmallerThanRanks, .changed, .fewerEpochs: .usage
    case .nonFinite: .diverged
    case .replicasDiffer: .replicasDiffer
    case .failedElsewhere: .writeFailed
    case .nothingToResume, .noCheckpoint, .noTestAccuracy, .dataChanged, .initialChanged:
      .unusableInput
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
      "\(run): no run to resume; start a new one, without --resume"
    case .noCheckpoint(let run):
      "\(run): holds no checkpoint, expected a model file, a checkpoint or a run that has one"
    case .noTestAccuracy(let run):
      "\(run): no checkpoint whose test accuracy is known; keep-best keeps some"
    case .changed(let key, let checkpoint, let recipe):
      "the checkpoint was trained with --\(key) \(checkpoint), the recipe says \(recipe); "
        + "a run keeps it: start a new one with --initial"
    case .fewerEpochs(let begun, let recipe):
      "--epochs \(recipe), but the run is in epoch \(begun) or after it: a run can become longer, "
        + "not shorter"
    case .initialChanged(let path):
      "\(path) is no longer the model that the run began with (SHA-256)"
    case .dataChanged(let what, let run):
      "the \(what) are not those of \(run)/environment.jsonl (SHA-256); "
        + "a run keeps its data: start a new one with --initial"
    case .stopped(let step, let run, let reason):
      "stopped by \(reason.words) after step \(step); go on with: "
        + "lcnn-dist train --resume --run \(ShellWord(run))"
    }
  }
}
