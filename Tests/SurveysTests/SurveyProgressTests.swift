import Datasets
import InProcessRanks
import Robustness
import Surveys
import Synchronization
import Tensors
import Testing

/// Progress that observers of surveys receive.
@Suite struct SurveyProgressTests {
  @Test(
    "rank 0 is told after every slice, and at the end that all samples are done",
    arguments: [1, 2, 3])
  func sweep(ranks: Int) throws {
    let dataset = try DatasetSource.synthetic(
      height: 2, width: 2, channels: 1, classes: 7, count: 53, seed: 3
    ).load(.test, directory: nil)
    let told = Mutex<[SurveyProgress]>([])
    _ = try InProcessCommunicator.run(ranks: ranks) { communicator in
      try SliceSweep(
        dataset, slices: Slices(samples: 4), batch: 8, communicator: communicator, name: "count",
        observer: { progress in told.withLock { $0.append(progress) } }
      ).run { slice in [Int](repeating: 0, count: slice.count) }
    }
    let progress = told.withLock { $0 }
    // 14 slices, of which rank 0 has its share.
    #expect(progress.count == (14 + ranks - 1) / ranks)
    #expect(zip(progress, progress.dropFirst()).allSatisfy { $0.done <= $1.done })
    #expect(progress.last?.share == 1 && progress.last?.count == "53 of 53 samples")
    #expect(progress.allSatisfy { $0.survey == "count, test samples" && $0.total == 53 })
  }
}
