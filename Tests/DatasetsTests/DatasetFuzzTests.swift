import Datasets
import Foundation
import TestFiles
import Testing

@Suite struct DatasetFuzzTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  private static let images: [UInt8] =
    [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 8, 0, 0, 0, 8] + [UInt8](repeating: 9, count: 128)
  private static let labels: [UInt8] = [0, 0, 8, 1, 0, 0, 0, 2, 3, 9]

  private func load(_ source: DatasetSource) {
    do throws(DatasetError) {
      let data = try source.load(.train, directory: directory.path)
      #expect(data.count > 0)
    } catch { #expect(!error.description.isEmpty) }
  }

  @Test("IDX")
  func idx() throws {
    for (index, bytes) in DamagedInputs(of: [Self.images, Self.labels]).enumerated() {
      let isOfImages = index.isMultiple(of: 2)
      try directory.write(isOfImages ? bytes : Self.images, to: "train-images-idx3-ubyte")
      try directory.write(isOfImages ? Self.labels : bytes, to: "train-labels-idx1-ubyte")
      load(.idx)
    }
  }

  @Test("CIFAR")
  func cifar() throws {
    let record = [UInt8](repeating: 5, count: 3073)
    for number in 2...5 { try directory.write(record, to: "data_batch_\(number).bin") }
    for bytes in DamagedInputs(of: [record, record + record]) {
      try directory.write(bytes, to: "data_batch_1.bin")
      load(.cifar10)
    }
  }

  @Test("gzip, also one that expands to more than its header promises")
  func gzip() throws {
    let packed = try gzipped(Self.images)
    try directory.write(Self.labels, to: "train-labels-idx1-ubyte")
    for bytes in DamagedInputs(of: [packed]) {
      try directory.write(bytes, to: "train-images-idx3-ubyte.gz")
      load(.idx)
    }
    let bomb = try gzipped(Self.images + [UInt8](repeating: 0, count: 1 << 28))
    try directory.write(bomb, to: "train-images-idx3-ubyte.gz")
    do throws(DatasetError) {
      _ = try DatasetSource.idx.load(.train, directory: directory.path)
      Issue.record("accepted")
    } catch {
      // It stops after one chunk, and does not expand a quarter of a gigabyte.
      guard case .wrongSize(_, let size, let expected) = error else {
        Issue.record("\(error)")
        return
      }
      #expect(expected == Self.images.count && size < 1 << 20)
    }
  }

  private func gzipped(_ bytes: [UInt8]) throws -> [UInt8] {
    let file = try directory.write(bytes, to: "plain")
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["gzip", "--force", file]
    try process.run()
    process.waitUntilExit()
    return try directory.bytes("plain.gz")
  }
}
