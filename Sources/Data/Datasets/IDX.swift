extension DatasetSource {
  /// MNIST or Fashion-MNIST, in the directory or its `raw`, `MNIST/raw` or `FashionMNIST/raw`.
  public static let idx = DatasetSource(
    format: Dataset.Format(height: 28, width: 28, channels: 1, classes: IDX.classes),
    read: IDX.load)
}

/// The IDX files of MNIST and its successors, plain or gzip-compressed.
///
/// A file is a big-endian magic number (0x0000_08 and the number of dimensions), the dimensions as
/// big-endian 32-bit numbers, and bytes, last dimension fastest.
/// Source: http://yann.lecun.com/exdb/mnist
enum IDX {
  static let classes = 10
  private static let subdirectories = ["raw", "MNIST/raw", "FashionMNIST/raw"]

  static func load(directory: String?, meter: LoadingMeter) throws(DatasetError) -> Dataset {
    let split = meter.split
    let prefix = split == .train ? "train" : "t10k"
    let imageNames = names("\(prefix)-images-idx3-ubyte")
    let labelNames = names("\(prefix)-labels-idx1-ubyte")
    var found = try DataDirectory(
      dataset: "idx", kind: "MNIST or a successor", root: directory,
      subdirectories: subdirectories, files: [imageNames, labelNames], meter: meter)
    let images = try read(imageNames, in: &found, rank: 3)
    let labels = try read(labelNames, in: &found, rank: 1)
    guard images.dimensions[0] == labels.dimensions[0] else {
      throw .countMismatch(
        images: images.path, imageCount: images.dimensions[0],
        labels: labels.path, labelCount: labels.dimensions[0])
    }
    for (record, label) in labels.values.enumerated() where label >= classes {
      throw .labelOutOfRange(
        path: labels.path, record: record, label: Int(label), classes: classes)
    }
    return Dataset(
      name: "idx", split: split,
      format: Dataset.Format(
        height: images.dimensions[1], width: images.dimensions[2], channels: 1, classes: classes),
      pixels: Array(images.values), labels: labels.values.map(UInt16.init))
  }

  private static func names(_ name: String) -> [String] { [name, name + ".gz"] }

  private struct Content {
    let path: String
    let dimensions: [Int]
    let values: ArraySlice<UInt8>
  }

  private static func read(
    _ names: [String], in directory: inout DataDirectory, rank: Int
  ) throws(DatasetError) -> Content {
    let header = 4 * (1 + rank)
    let (path, bytes) = try directory.read(names) { start in
      guard start.count >= header else { return nil }
      return (1...rank).reduce(1) { $0.multipliedReportingOverflow(by: Int(word($1, of: start))).0 }
        .addingReportingOverflow(header).0
    }
    guard bytes.count >= header else {
      throw .wrongSize(path: path, size: bytes.count, expected: header)
    }
    let magic = UInt32(0x0800 + rank)
    guard word(0, of: bytes) == magic else {
      throw .wrongMagic(path: path, found: word(0, of: bytes), expected: magic)
    }
    let dimensions = (1...rank).map { Int(word($0, of: bytes)) }
    // A limit of 2¹⁵ pixels per side keeps the product below from overflowing.
    guard dimensions.dropFirst().allSatisfy({ (1...32768).contains($0) }) else {
      throw .wrongDimensions(path: path, found: dimensions, expected: "count × height × width")
    }
    guard dimensions[0] > 0 else { throw .empty(path: path) }
    let expected = header + dimensions.reduce(1) { $0 * $1 }
    guard bytes.count == expected else {
      throw .wrongSize(path: path, size: bytes.count, expected: expected)
    }
    return Content(path: path, dimensions: dimensions, values: bytes[header...])
  }

  private static func word(_ index: Int, of bytes: [UInt8]) -> UInt32 {
    bytes[4 * index..<4 * index + 4].reduce(0) { $0 << 8 | UInt32($1) }
  }
}
