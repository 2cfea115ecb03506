import Datasets
import TestFiles
import Testing

/// Progress that observers of loading receive.
@Suite struct LoadingProgressTests {
  private func told(
    _ source: DatasetSource, _ split: Dataset.Split, directory: String? = nil
  ) throws -> [LoadingProgress] {
    var told: [LoadingProgress] = []
    let data = try source.load(split, directory: directory) { told.append($0) }
    _ = data.sha256 { told.append($0) }
    #expect(told.allSatisfy { $0.split == split && $0.done <= $0.total })
    #expect(zip(told, told.dropFirst()).allSatisfy { $0.stage != $1.stage || $0.done <= $1.done })
    return told
  }

  @Test("all files of a split are one piece of work, and so is their digest")
  func files() throws {
    let directory = try TemporaryDirectory()
    for batch in 1...5 {
      try directory.write(DatasetFiles.cifar10(count: batch), to: "data_batch_\(batch).bin")
    }
    let told = try told(.cifar10, .train, directory: directory.path)
    #expect(told.map(\.stage) == [.reading, .reading, .reading, .reading, .reading, .checking])
    #expect(told.prefix(5).map(\.done) == [1, 3, 6, 10, 15].map { $0 * 3073 })
    #expect(told[0].total == 15 * 3073 && told[5].done == 15 * 3072)
  }

  @Test("a compressed file is read, then expanded")
  func compressed() throws {
    let directory = try TemporaryDirectory()
    let labels = DatasetFiles.gzip(DatasetFiles.idx(dimensions: [2], values: [7, 9]))
    try directory.write(
      DatasetFiles.idx(dimensions: [2, 2, 3], values: Array(0..<12)), to: "t10k-images-idx3-ubyte")
    try directory.write(labels, to: "t10k-labels-idx1-ubyte.gz")
    let told = try told(.idx, .test, directory: directory.path)
    #expect(told.map(\.stage) == [.reading, .reading, .expanding, .checking])
    #expect(told[1].done == told[0].total && told[2].total == labels.count)
    #expect(told[2].done == labels.count)
  }

  @Test("images that are made are counted as they come")
  func synthetic() throws {
    let source = DatasetSource.synthetic(
      height: 2, width: 2, channels: 1, classes: 3, count: 5, seed: 1)
    let told = try told(source, .test)
    #expect(told.map(\.stage) == [.making, .making, .making, .making, .making, .checking])
    #expect(told.map(\.done) == [4, 8, 12, 16, 20, 20])
  }
}
