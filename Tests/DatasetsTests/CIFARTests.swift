import Datasets
import Foundation
import TestFiles
import Testing

@Suite struct CIFARTests {
  @Test("CIFAR-10 comes from the directory or its cifar-10-batches-bin, channels innermost")
  func channelsInnermost() throws {
    for subdirectory in ["", "cifar-10-batches-bin/"] {
      let directory = try TemporaryDirectory()
      for batch in 1...5 {
        try directory.write(
          DatasetFiles.cifar10(count: 2), to: "\(subdirectory)data_batch_\(batch).bin")
      }
      let train = try DatasetSource.cifar10.load(.train, directory: directory.path)
      #expect(train.count == 10)
      #expect(train.labels == [0, 1, 0, 1, 0, 1, 0, 1, 0, 1])
      let records = DatasetFiles.cifar10(count: 2)
      for (y, x, c) in [(0, 0, 0), (0, 1, 2), (31, 31, 1), (5, 7, 2)] {
        let expected = records[3073 + 1 + (c * 32 + y) * 32 + x]
        #expect(train.pixels[((1 * 32 + y) * 32 + x) * 3 + c] == expected)
      }
    }
  }

  @Test("a record of the real CIFAR-100 has fine label 19, cattle")
  func realRecord() throws {
    let record = Array(try Data(contentsOf: URL(fileURLWithPath: RealData.cifar100Record)))
    let directory = try TemporaryDirectory()
    try directory.write(record, to: "cifar-100-binary/train.bin")
    let train = try DatasetSource.cifar100.load(.train, directory: directory.path)
    #expect(train.count == 1)
    #expect(train.labels == [19])
    #expect(train.classes == 100)
    let interleaved = (0..<1024).flatMap { place in
      (0..<3).map { plane in record[2 + 1024 * plane + place] }
    }
    #expect(train.pixels == interleaved)
  }

  @Test("a missing file is named with the places that were searched")
  func missing() throws {
    let directory = try TemporaryDirectory()
    let path = directory.path
    #expect(
      refusalMessage(.cifar10, .test, directory: path)
        == "found no test_batch.bin in \(path), \(path)/cifar-10-batches-bin; expected the files of "
        + "the binary version of CIFAR-10, not the one for Python")
    try directory.write(DatasetFiles.cifar10(count: 1), to: "data_batch_1.bin")
    #expect(
      refusalMessage(.cifar10, .train, directory: path)
        == "found no data_batch_2.bin in \(path); expected the files of the binary version of "
        + "CIFAR-10, not the one for Python")
    #expect(
      refusalMessage(.cifar100, .test, directory: nil)
        == "cifar100 is read from files: name the directory that holds them")
  }

  @Test("a truncated file is refused with its size and the record size")
  func truncated() throws {
    let directory = try TemporaryDirectory()
    let path = try directory.write(
      DatasetFiles.cifar10(count: 2).dropLast(10), to: "test_batch.bin")
    #expect(
      refusalMessage(.cifar10, .test, directory: directory.path)
        == "\(path): 6136 bytes are 1 records of 3073 bytes and 3063 bytes more; "
        + "the file is truncated or of another kind")
  }

  @Test("a label out of range is refused with its record")
  func label() throws {
    let directory = try TemporaryDirectory()
    var records = DatasetFiles.cifar10(count: 3)
    records[2 * 3073] = 10
    let path = try directory.write(records, to: "test_batch.bin")
    #expect(
      refusalMessage(.cifar10, .test, directory: directory.path)
        == "\(path): record 2 has label 10, expected 0 to 9")
  }

  @Test("a file that cannot be read is refused with the system's reason")
  func unreadable() throws {
    let directory = try TemporaryDirectory()
    try directory.write([], to: "test_batch.bin/something")
    #expect(
      refusalMessage(.cifar10, .test, directory: directory.path)
        == "cannot read \(directory.path)/test_batch.bin: Is a directory")
  }

  @Test("an empty file is refused")
  func empty() throws {
    let directory = try TemporaryDirectory()
    let path = try directory.write([], to: "test_batch.bin")
    #expect(
      refusalMessage(.cifar10, .test, directory: directory.path)
        == "\(path): holds no samples")
  }
}
