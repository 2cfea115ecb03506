import Networks
import Surveys
import Tensors

/// An observer of a run, such as rank 0's terminal.
///
/// It must not make collectives, and need not exist on other ranks.
public protocol TrainingObserver: AnyObject {
  /// Before the first step.
  func begin(_ summary: RunSummary)
  func step(_ progress: StepProgress)
  /// During an evaluation or a measurement between steps.
  func survey(_ progress: SurveyProgress)
  /// After an epoch, or where the run ends within one.
  func epoch(_ report: EpochReport)
  /// After a measurement of curvature.
  func curvature(_ snapshot: CurvatureSnapshot)
  /// After the last epoch: what the checkpoints of this start took.
  func checkpoints(_ times: CheckpointTimes)
  /// After the last epoch: what the processes of the run took at most.
  func memory(_ report: MemoryReport)
  /// One line that the user should see.
  func note(_ line: String)
}

/// A run before its first step: network, data, memory and communication.
public struct RunSummary: Sendable {
  public let run: String
  /// Number of threads of each process.
  public let threads: [Int]
  public let architecture: Architecture
  public let trainedParameters: Int
  public let trainSamples: Int
  public let testSamples: Int
  public let epochs: Int
  public let stepsPerEpoch: Int
  public let batchSize: Int
  /// Memory of one thread's plan, and of the data that the threads of a process share.
  public let planBytes: Int
  public let dataBytes: Int
  public let gradientBuckets: Int
  /// Bytes that a rank hands to the gradient collectives of one step.
  public let reducedBytes: Int
  public let gradientChoice: GradientChoice
  public let sumOrder: SumOrder
  /// Steps that were trained before this start.
  public let resumedAt: Int
}

extension TrainingObserver {
  public func checkpoints(_ times: CheckpointTimes) {}
  public func survey(_ progress: SurveyProgress) {}
  public func curvature(_ snapshot: CurvatureSnapshot) { note(snapshot.text) }
}

/// One step, as a display shows it.
public struct StepProgress: Sendable {
  public let epoch: Int
  public let epochs: Int
  /// The step's index within the epoch, from 0.
  public let step: Int
  public let stepsPerEpoch: Int
  /// Means over the epoch so far.
  public let loss: Double
  public let accuracy: Double
  public let imagesPerSecond: Double
  /// Images per second in this step alone.
  public let imagesPerSecondNow: Double
  /// Seconds until the end of the epoch's steps, at the mean speed of the epoch.
  public let remainingInEpoch: Double
  /// Seconds until the last step of the run, at the mean speed of the epoch.
  public let remaining: Double
  /// Share of the run's steps that are done, 0 … 1.
  public let share: Double
  /// Sums over rank 0's steps of the epoch.
  public let times: StepTimes
  /// Seconds that training has waited for checkpoints since this start.
  public let checkpointSeconds: Double

  package init(
    epoch: Int, epochs: Int, step: Int, stepsPerEpoch: Int, loss: Double, accuracy: Double,
    imagesPerSecond: Double, imagesPerSecondNow: Double, remainingInEpoch: Double,
    remaining: Double, share: Double, times: StepTimes, checkpointSeconds: Double
  ) {
    self.epoch = epoch
    self.epochs = epochs
    self.step = step
    self.stepsPerEpoch = stepsPerEpoch
    self.loss = loss
    self.accuracy = accuracy
    self.imagesPerSecond = imagesPerSecond
    self.imagesPerSecondNow = imagesPerSecondNow
    self.remainingInEpoch = remainingInEpoch
    self.remaining = remaining
    self.share = share
    self.times = times
    self.checkpointSeconds = checkpointSeconds
  }
}

/// One epoch, over all ranks.
public struct EpochReport: Sendable {
  public let epoch: Int
  public let epochs: Int
  /// Steps since the start of the run.
  public let step: Int
  public let trainLoss: Double
  public let trainAccuracy: Double
  public let test: Evaluator.Result?
  public let geometry: NetworkGeometry
  public let imagesPerSecond: Double
  /// Step times since the start, or since the epoch before.
  public let times: EpochTimes?

  package init(
    epoch: Int, epochs: Int, step: Int, trainLoss: Double, trainAccuracy: Double,
    test: Evaluator.Result?, geometry: NetworkGeometry, imagesPerSecond: Double, times: EpochTimes?
  ) {
    self.epoch = epoch
    self.epochs = epochs
    self.step = step
    self.trainLoss = trainLoss
    self.trainAccuracy = trainAccuracy
    self.test = test
    self.geometry = geometry
    self.imagesPerSecond = imagesPerSecond
    self.times = times
  }
}
