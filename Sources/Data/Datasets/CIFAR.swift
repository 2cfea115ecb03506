extension DatasetSource {
  /// Binary version of CIFAR-10, in the directory itself or in its `cifar-10-batches-bin`.
  public static let cifar10 = DatasetSource(
    format: CIFAR.ten.format, read: CIFAR.ten.load(directory:meter:))
  /// Binary version of CIFAR-100 with fine labels, in the directory itself or in its
  /// `cifar-100-binary`.
  public static let cifar100 = DatasetSource(
    format: CIFAR.hundred.format, read: CIFAR.hundred.load(directory:meter:))
}

/// The binary versions of CIFAR-10 and CIFAR-100.
///
/// A record is the label bytes followed by a red, a green and a blue plane of 32 × 32 bytes, row by
/// row. CIFAR-10 has one label byte. CIFAR-100 has a coarse and a fine one, and the fine one is the
/// target.
/// Source: https://www.cs.toronto.edu/~kriz/cifar.html
enum CIFAR {
  case ten, hundred

  private static let side = 32
  private static let planes = 3

  private var name: String { self == .ten ? "cifar10" : "cifar100" }
  private var kind: String {
    "the binary version of \(self == .ten ? "CIFAR-10" : "CIFAR-100"), not the one for Python"
  }
  private var labelBytes: Int { self == .ten ? 1 : 2 }
  private var recordSize: Int { labelBytes + CIFAR.planes * CIFAR.side * CIFAR.side }
  private var subdirectory: String { self == .ten ? "cifar-10-batches-bin" : "cifar-100-binary" }
  var format: Dataset.Format {
    Dataset.Format(
      height: CIFAR.side, width: CIFAR.side, channels: CIFAR.planes,
      classes: self == .ten ? 10 : 100)
  }

  private func files(of split: Dataset.Split) -> [String] {
    switch (self, split) {
    case (.ten, .train): (1...5).map { "data_batch_\($0).bin" }
    case (.ten, .test): ["test_batch.bin"]
    case (.hundred, .train): ["train.bin"]
    case (.hundred, .test): ["test.bin"]
    }
  }

  func load(directory: String?, meter: LoadingMeter) throws(DatasetError) -> Dataset {
    let split = meter.split
    let files = files(of: split)
    var found = try DataDirectory(
      dataset: name, kind: kind, root: directory, subdirectories: [subdirectory],
      files: files.map { [$0] }, meter: meter)
    var pixels: [UInt8] = []
    var labels: [UInt16] = []
    for file in files {
      let (path, records) = try found.read([file])
      try append(records, path: path, pixels: &pixels, labels: &labels)
    }
    return Dataset(name: name, split: split, format: format, pixels: pixels, labels: labels)
  }

  /// Appends the records of one file, and reorders their planes so that channels are innermost.
  private func append(
    _ records: [UInt8], path: String, pixels: inout [UInt8], labels: inout [UInt16]
  ) throws(DatasetError) {
    guard records.count.isMultiple(of: recordSize) else {
      throw .partialRecord(path: path, size: records.count, recordSize: recordSize)
    }
    let plane = CIFAR.side * CIFAR.side
    for record in 0..<records.count / recordSize {
      let start = record * recordSize
      let label = records[start + labelBytes - 1]
      guard label < format.classes else {
        throw .labelOutOfRange(
          path: path, record: record, label: Int(label), classes: format.classes)
      }
      labels.append(UInt16(label))
      let image = start + labelBytes
      for position in image..<image + plane {
        pixels.append(records[position])
        pixels.append(records[position + plane])
        pixels.append(records[position + 2 * plane])
      }
    }
  }
}
