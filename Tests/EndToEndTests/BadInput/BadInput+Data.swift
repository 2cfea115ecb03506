// Data sets of a few records, each with one fault.
extension BadInput {
  static let data = [
    cifar("a missing file", ["found no data_batch_3.bin in data"]) {
      $0["data_batch_3.bin"] = nil
    },
    cifar("a truncated file", ["data/data_batch_2.bin: 6141 bytes", "truncated"]) {
      $0["data_batch_2.bin"]?.removeLast(5)
    },
    cifar("records of another size", ["data/test_batch.bin: 6148 bytes", "3073 bytes"]) {
      $0["test_batch.bin"] = [UInt8](repeating: 0, count: 2 * 3074)
    },
    cifar("a label out of range", ["data/data_batch_5.bin: record 1 has label 10", "0 to 9"]) {
      $0["data_batch_5.bin"]?[3073] = 10
    },
    cifar("an empty file", ["data/data_batch_1.bin: holds no samples"]) {
      $0["data_batch_1.bin"] = []
    },
    BadInput(
      "no directory", ["train", "--run", "run", "--data-set", "cifar10"], .usage,
      ["data-set cifar10 needs data (--data)"]),
    idx("a gzip file whose checksum is wrong", stored(idxImages, checksum: 0x1234_5678)),
    idx("a gzip file that ends early", Array(stored(idxImages, checksum: 0).dropLast(20))),
    idx("a gzip file of noise", gzipHeader + [UInt8](repeating: 0xA5, count: 100)),
  ]

  private static func cifar(
    _ name: String, _ words: [String],
    spoil: @escaping @Sendable (inout [String: [UInt8]]) -> Void
  ) -> BadInput {
    let arguments = ["train", "--run", "run", "--data-set", "cifar10", "--data", "data"]
    return BadInput(name, arguments, .unusableInput, words) { directory in
      let names = (1...5).map { "data_batch_\($0).bin" } + ["test_batch.bin"]
      var files: [String: [UInt8]] = [:]
      for name in names { files[name] = [UInt8](repeating: 7, count: 2 * 3073) }
      spoil(&files)
      for (name, bytes) in files { try directory.write(bytes, to: "data/\(name)") }
    }
  }

  private static func idx(_ name: String, _ images: [UInt8]) -> BadInput {
    let arguments = ["train", "--run", "run", "--data-set", "idx", "--data", "data"]
    let words = ["data/train-images-idx3-ubyte.gz: not a complete gzip file: "]
    return BadInput(name, arguments, .unusableInput, words) { directory in
      for split in ["train", "t10k"] {
        try directory.write(idxImages, to: "data/\(split)-images-idx3-ubyte")
        try directory.write([0, 0, 8, 1, 0, 0, 0, 2, 3, 9], to: "data/\(split)-labels-idx1-ubyte")
      }
      // A file without the suffix would be preferred.
      try directory.remove("data/train-images-idx3-ubyte")
      try directory.write(images, to: "data/train-images-idx3-ubyte.gz")
    }
  }

  /// Two images of 8 × 8.
  private static let idxImages: [UInt8] =
    [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 8, 0, 0, 0, 8] + [UInt8](repeating: 100, count: 128)

  /// RFC 1952: magic, deflate, no flags, no time, no system.
  private static let gzipHeader: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255]

  /// One stored block of RFC 1951 as a gzip file.
  private static func stored(_ bytes: [UInt8], checksum: UInt32) -> [UInt8] {
    let count = UInt16(bytes.count)
    let lengths = littleEndian(count) + littleEndian(~count)
    return gzipHeader + [1] + lengths + bytes + littleEndian(checksum)
      + littleEndian(UInt32(bytes.count))
  }

  private static func littleEndian(_ number: some FixedWidthInteger) -> [UInt8] {
    withUnsafeBytes(of: number.littleEndian, Array.init)
  }
}
