import ArgumentParser
import Failures
import Training

struct ReplayCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "replay",
    abstract: "Make a rank's part of a kept training step again, in one process.",
    discussion: """
      train --dump-batch STEP keeps each rank's samples, weights and the results of its collectives \
      in RUN/dump/step-STEP/rank-R. The replay gives the same bits as the job, or says that it does \
      not, with exit code \(ExitStatus.replicasDiffer.rawValue).
      """)

  @Argument(help: "a folder RUN/dump/step-STEP/rank-R", completion: .directory)
  var folder: String

  func run() throws {
    let replay = try StepReplay(folder: folder)
    print(
      """
      step \(replay.step), rank \(replay.rank) of \(replay.ranks), \(replay.samples) samples
      loss over all ranks: \(replay.loss), in the job \(replay.recordedLoss)
      model after the step (SHA-256): \(replay.digest)
      """)
    guard replay.isEqual else { throw StepReplayError.differs(folder: folder) }
    print("the same bits as in the job")
  }
}
