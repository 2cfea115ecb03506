import Datasets
import InProcessRanks
import MessagePassing
import Surveys
import Synchronization
import Tensors
import TestFiles
import Testing

@Suite struct SliceSweepTests {
  private static let count = 53

  /// A sample's result, and the slice that held the sample.
  private struct Record: BitwiseCopyable, Equatable, Sendable {
    let index: Int
    let label: Int32
    let pixel: Float
    let first: Int
    let length: Int
  }

  private func sweep(
    ranks: Int, batch: Int, recordsPerSample: Int = 1
  ) throws -> [[Record]] {
    let dataset = try DatasetSource.synthetic(
      height: 2, width: 2, channels: 1, classes: 7, count: Self.count, seed: 3
    ).load(.test, directory: nil)
    return try InProcessCommunicator.run(ranks: ranks) { communicator in
      try SliceSweep(
        dataset, slices: Slices(samples: 4), batch: batch, communicator: communicator
      ).run(recordsPerSample: recordsPerSample) { slice in
        (0..<slice.count * recordsPerSample).map { index in
          let sample = index / recordsPerSample
          return Record(
            index: slice.first + sample, label: slice.labels[sample],
            pixel: slice.images[sample * 4], first: slice.first, length: slice.count)
        }
      }
    }
  }

  @Test("every rank has every sample in order, in the same slices", arguments: [1, 2, 3, 5])
  func everySample(ranks: Int) throws {
    let alone = try sweep(ranks: 1, batch: 8)[0]
    #expect(alone.map(\.index) == Array(0..<Self.count))
    #expect(alone.map(\.label) == (0..<Self.count).map { Int32($0 % 7) })
    #expect(Set(alone.map(\.pixel)).count > 20)
    #expect(alone.allSatisfy { $0.first % 4 == 0 })
    #expect(alone.last?.length == 1)
    for batch in [1, 16, 30, 1000] {
      for records in try sweep(ranks: ranks, batch: batch) { #expect(records == alone) }
    }
  }

  @Test("several records of a sample stay together")
  func severalRecords() throws {
    for records in try sweep(ranks: 3, batch: 16, recordsPerSample: 2) {
      #expect(records.map(\.index) == (0..<2 * Self.count).map { $0 / 2 })
    }
  }

  /// A sweep of three ranks that is asked for its end when it has measured `limit` samples, if any.
  private func keptSweep(
    ranks: Int, batch: Int, state path: String, limit: Int?
  ) throws -> [Record] {
    let dataset = try DatasetSource.synthetic(
      height: 2, width: 2, channels: 1, classes: 7, count: Self.count, seed: 3
    ).load(.test, directory: nil)
    let measured = Mutex(0)
    return try InProcessCommunicator.run(ranks: ranks) { communicator in
      let state = communicator.rank == 0 ? try SurveyState(path, settings: []) : nil
      let keeper = SurveyKeeper(path, state, over: communicator) {
        limit.map { limit in measured.withLock { $0 >= limit } } ?? false
      }
      return try SliceSweep(
        dataset, slices: Slices(samples: 4), batch: batch, communicator: communicator
      ).run(keeper: keeper) { slice in
        measured.withLock { $0 += slice.count }
        return (0..<slice.count).map { index in
          Record(
            index: slice.first + index, label: slice.labels[index], pixel: slice.images[index * 4],
            first: slice.first, length: slice.count)
        }
      }
    }[0]
  }

  @Test("a sweep that is ended goes on from what it kept, on other ranks and in other batches")
  func goesOn() throws {
    let directory = try TemporaryDirectory()
    let path = "\(directory.path)/state"
    let whole = try sweep(ranks: 1, batch: 8)[0]
    for (ranks, batch, limit) in [(3, 12, 10), (2, 8, 12), (3, 24, 1)] {
      #expect(throws: SurveyError.stopped(state: path)) {
        try keptSweep(ranks: ranks, batch: batch, state: path, limit: limit)
      }
    }
    let kept = try directory.text("state")
    #expect(try keptSweep(ranks: 2, batch: 16, state: path, limit: nil) == whole)
    #expect(kept.split(separator: "\n").count > 2)
    // All of it is there: nothing is measured again.
    #expect(try keptSweep(ranks: 1, batch: 16, state: path, limit: nil) == whole)
    let damaged = kept.replacing(/"records":"./, with: "\"records\":\"/")
    try directory.write(damaged.utf8, to: "state")
    #expect(throws: SurveyError.damagedState(path: path, line: 2)) {
      try keptSweep(ranks: 1, batch: 16, state: path, limit: nil)
    }
  }
}
