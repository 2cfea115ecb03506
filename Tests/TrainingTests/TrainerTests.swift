import Checkpoints
import Datasets
import Foundation
import Kernels
import MessagePassing
import Recipes
import TestFiles
import Testing
import Training

/// Raises a signal once the step before an epoch's last one has been made, so that the last one
/// sees it.
private final class Interrupter: TrainingObserver {
  func begin(_ summary: RunSummary) {}
  func step(_ progress: StepProgress) {
    guard progress.epoch == 1 && progress.step == progress.stepsPerEpoch - 2 else { return }
    // Threads of a pool block signals; raised on this one, it has arrived when raise returns.
    var signals = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, SIGUSR1)
    pthread_sigmask(SIG_UNBLOCK, &signals, nil)
    raise(SIGUSR1)
  }
  func epoch(_ report: EpochReport) {}
  func memory(_ report: MemoryReport) {}
  func note(_ line: String) {}
}

// Serialized: signals are the process's.
@Suite(.serialized) struct TrainerTests {
  private func train(
    _ recipe: Recipe, in run: String, _ start: TrainerSetup.Start,
    observer: (any TrainingObserver)? = nil
  ) throws {
    let setup = try TrainerSetup(
      recipe, run: run, start: start,
      versions: RunEnvironment.Versions(program: "", messagePassing: "", blas: ""),
      communicator: SoloCommunicator(), note: { _ in })
    // The trainer does not keep its observer.
    try withExtendedLifetime(observer) {
      _ = try setup.makeTrainer(observer: observer).run()
    }
  }

  @Test("a run that a signal stops at an epoch's last step and --resume ends is that of one go")
  func stoppedAtLastStep() throws {
    let directory = try TemporaryDirectory()
    var recipe = try Recipe.load("digits")
    (recipe.epochs, recipe.trainSamples, recipe.testSamples) = (2, 48, 10)
    (recipe.batchSize, recipe.warmupEpochs) = (16, 1)

    // Products that OpenBLAS's threads share are rounded as the threads come.
    useOneBLASThread()
    try train(recipe, in: directory.path + "/whole", .fresh(initial: nil))
    StopSignal.install()
    defer { for number in StopSignal.numbers { signal(number, SIG_DFL) } }
    let parts = directory.path + "/parts"
    let interrupter = Interrupter()
    #expect(throws: TrainingError.stopped(step: 3, run: parts)) {
      try train(recipe, in: parts, .fresh(initial: nil), observer: interrupter)
    }
    StopSignal.install()
    try train(recipe, in: parts, .resume)

    for file in ["metrics.jsonl", "checkpoints/step-00000006/model.safetensors"] {
      let expected = try directory.data("whole/\(file)")
      let found = try directory.data("parts/\(file)")
      #expect(found == expected, "\(file) differs")
    }
  }

  @Test("a run that finds other samples than it began with is refused", arguments: [true, false])
  func changedData(isTraining: Bool) throws {
    let directory = try TemporaryDirectory()
    func write(_ prefix: String, pixel: UInt8) throws {
      let pixels = (0..<4 * 64).map { $0 == 9 ? pixel : UInt8($0 % 251) }
      try directory.write(
        [0, 0, 8, 3, 0, 0, 0, 4, 0, 0, 0, 8, 0, 0, 0, 8] + pixels,
        to: "\(prefix)-images-idx3-ubyte")
      try directory.write(
        [0, 0, 8, 1, 0, 0, 0, 4, 3, 9, 0, 1], to: "\(prefix)-labels-idx1-ubyte")
    }
    for prefix in ["train", "t10k"] { try write(prefix, pixel: 0) }
    var recipe = try Recipe.load("digits")
    (recipe.dataSet, recipe.data, recipe.batchSize) = (.idx, directory.path, 4)
    (recipe.epochs, recipe.maxSteps) = (3, 1)
    useOneBLASThread()
    try train(recipe, in: directory.path + "/run", .fresh(initial: nil))
    recipe.maxSteps = 2
    try train(recipe, in: directory.path + "/run", .resume)
    try write(isTraining ? "train" : "t10k", pixel: 1)
    recipe.maxSteps = 3
    #expect(
      throws: TrainingError.dataChanged(
        what: isTraining ? "training samples" : "test samples", run: directory.path + "/run")
    ) {
      try train(recipe, in: directory.path + "/run", .resume)
    }
  }

  @Test("test images of another size than the training images are refused")
  func unequalFormats() throws {
    let directory = try TemporaryDirectory()
    for (prefix, side) in [("train", 8), ("t10k", 9)] as [(String, UInt8)] {
      let images = [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, side, 0, 0, 0, side]
      let pixels = [UInt8](repeating: 0, count: 2 * Int(side) * Int(side))
      try directory.write(images + pixels, to: "\(prefix)-images-idx3-ubyte")
      try directory.write([0, 0, 8, 1, 0, 0, 0, 2, 3, 9], to: "\(prefix)-labels-idx1-ubyte")
    }
    var recipe = try Recipe.load("digits")
    (recipe.dataSet, recipe.data, recipe.batchSize) = (.idx, directory.path, 2)
    #expect {
      try train(recipe, in: directory.path + "/run", .fresh(initial: nil))
    } throws: { error in
      "\(error)" == "test images are 9×9×1 of 10 classes, but training images 8×8×1 of 10 classes"
    }
  }
}
