import Datasets
import Foundation
import TestFiles
import Testing

@Suite struct IDXTests {
  private let images = DatasetFiles.idx(dimensions: [2, 2, 3], values: Array(0..<12))
  private let labels = DatasetFiles.idx(dimensions: [2], values: [7, 9])

  /// The message of loading the test split from these two files, with the directory's path cut off.
  private func refusal(_ files: [(name: String, bytes: [UInt8])]) throws -> String {
    let directory = try TemporaryDirectory()
    for file in files { try directory.write(file.bytes, to: file.name) }
    let text = refusalMessage(.idx, .test, directory: directory.path)
    #expect(!text.contains("\n"))
    return text.replacing(directory.path + "/", with: "")
  }

  @Test(
    "files are found in the directory and its usual subdirectories",
    arguments: ["", "raw/", "MNIST/raw/", "FashionMNIST/raw/"])
  func found(subdirectory: String) throws {
    let directory = try TemporaryDirectory()
    try directory.write(images, to: subdirectory + "t10k-images-idx3-ubyte")
    try directory.write(DatasetFiles.gzip(labels), to: subdirectory + "t10k-labels-idx1-ubyte.gz")
    let test = try DatasetSource.idx.load(.test, directory: directory.path)
    #expect(test.pixels == Array(0..<12))
    #expect(test.labels == [7, 9])
    #expect((test.height, test.width, test.channels) == (2, 3, 1))
  }

  @Test("two directories that hold the files are refused rather than one chosen")
  func ambiguous() throws {
    let directory = try TemporaryDirectory()
    for kind in ["MNIST", "FashionMNIST"] {
      try directory.write(images, to: "\(kind)/raw/t10k-images-idx3-ubyte")
    }
    #expect(
      refusalMessage(.idx, .test, directory: directory.path).replacing(directory.path, with: "D")
        == "more than one directory holds the data set, name one of them: "
        + "D/MNIST/raw, D/FashionMNIST/raw")
  }

  @Test("a wrong magic number is refused")
  func magic() throws {
    #expect(
      try refusal([("t10k-images-idx3-ubyte", labels + images)])
        == "t10k-images-idx3-ubyte: starts with 0x00000801, expected 0x00000803")
  }

  @Test("dimensions that no image has are refused")
  func dimensions() throws {
    let flat = DatasetFiles.idx(dimensions: [2, 0, 3], values: [])
    #expect(
      try refusal([("t10k-images-idx3-ubyte", flat)])
        == "t10k-images-idx3-ubyte: dimensions 2 × 0 × 3, expected count × height × width")
    let huge = DatasetFiles.idx(dimensions: [.max, 65536, 65536], values: [])
    #expect(try refusal([("t10k-images-idx3-ubyte", huge)]).contains("4294967295 × 65536 × 65536"))
    let many = DatasetFiles.idx(dimensions: [.max, 32768, 32768], values: [])
    #expect(try refusal([("t10k-images-idx3-ubyte", many)]).contains("16 bytes, but its header"))
  }

  @Test("a header that promises more than the file holds is refused")
  func truncated() throws {
    #expect(
      try refusal([("t10k-images-idx3-ubyte", images.dropLast())])
        == "t10k-images-idx3-ubyte: 27 bytes, but its header promises 28")
    #expect(
      try refusal([("t10k-images-idx3-ubyte", [0, 0, 8])])
        == "t10k-images-idx3-ubyte: 3 bytes, but its header promises 16")
  }

  @Test("different counts of images and labels are refused")
  func counts() throws {
    let three = DatasetFiles.idx(dimensions: [3], values: [0, 1, 2])
    #expect(
      try refusal([("t10k-images-idx3-ubyte", images), ("t10k-labels-idx1-ubyte", three)])
        == "t10k-images-idx3-ubyte holds 2 images, but t10k-labels-idx1-ubyte holds 3 labels")
  }

  @Test("a label above 9 is refused with its record")
  func label() throws {
    let wrong = DatasetFiles.idx(dimensions: [2], values: [3, 10])
    #expect(
      try refusal([("t10k-images-idx3-ubyte", images), ("t10k-labels-idx1-ubyte", wrong)])
        == "t10k-labels-idx1-ubyte: record 1 has label 10, expected 0 to 9")
  }

  @Test("a file of no images is refused")
  func empty() throws {
    let none = DatasetFiles.idx(dimensions: [0, 2, 3], values: [])
    #expect(
      try refusal([("t10k-images-idx3-ubyte", none)]) == "t10k-images-idx3-ubyte: holds no samples")
  }

  @Test("a damaged or truncated gzip file is refused with zlib's message")
  func corrupt() throws {
    var damaged = DatasetFiles.gzip(images)
    damaged[damaged.count - 20] ^= 1
    #expect(
      try refusal([("t10k-images-idx3-ubyte.gz", damaged)])
        == "t10k-images-idx3-ubyte.gz: not a complete gzip file: incorrect data check")
    #expect(
      try refusal([("t10k-images-idx3-ubyte.gz", DatasetFiles.gzip(images).dropLast(9))])
        == "t10k-images-idx3-ubyte.gz: not a complete gzip file: unexpected end of file")
    #expect(
      try refusal([("t10k-images-idx3-ubyte.gz", images)])
        == "t10k-images-idx3-ubyte.gz: not a complete gzip file: incorrect header check")
  }

  @Test(
    "the real Fashion-MNIST test split has 1000 samples of every class",
    .enabled(
      if: RealData.hasFashionMNIST,
      "no folder \(RealData.fashionMNIST): LCNN_SHARED names the folder of data sets"))
  func fashion() throws {
    let test = try DatasetSource.idx.load(.test, directory: RealData.fashionMNIST)
    #expect(test.count == 10_000)
    #expect((test.height, test.width) == (28, 28))
    for label: UInt16 in 0..<10 { #expect(test.labels.count { $0 == label } == 1000) }
  }
}
