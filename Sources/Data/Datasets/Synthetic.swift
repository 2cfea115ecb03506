import Files
import RandomNumbers

#if canImport(Glibc)
  import Glibc
#endif

extension DatasetSource {
  /// Images generated from random numbers, `count` in each split; see ``Synthetic``.
  public static func synthetic(
    height: Int, width: Int, channels: Int, classes: Int, count: Int, seed: UInt64
  ) -> DatasetSource {
    let format = Dataset.Format(height: height, width: width, channels: channels, classes: classes)
    return DatasetSource(format: format) { (meter) throws(DatasetError) in
      let bytes = count.multipliedReportingOverflow(by: format.pixelsPerImage + 2)
      guard !bytes.overflow, InputFile.hasMemory(bytes.partialValue) else {
        throw .file(FileError("make", "\(count) synthetic images", code: ENOMEM, isInput: true))
      }
      return Synthetic(format: format, count: count, seed: seed).generate(meter.split) {
        meter.tell(.making, $0, of: count * format.pixelsPerImage)
      }
    }
  }
}

/// Random images that a network can learn: each class has a pattern, half hidden by noise.
///
/// Sample i has class i mod classes. A pixel is the mean of the class's pattern and the sample's
/// noise, both uniform in 0 … 255. Both splits have the same patterns and different noise.
struct Synthetic {
  let format: Dataset.Format
  /// Number of samples in each split.
  let count: Int
  let seed: UInt64

  /// - Parameter onProgress: is told of the bytes that have been made.
  func generate(_ split: Dataset.Split, onProgress: (Int) -> Void = { _ in }) -> Dataset {
    let patterns = (0..<format.classes).map { image(number: $0, stream: 0) }
    var pixels: [UInt8] = []
    pixels.reserveCapacity(count * format.pixelsPerImage)
    for sample in 0..<count {
      let noise = image(number: sample, stream: split == .train ? 1 : 2)
      for (signal, hidden) in zip(patterns[sample % format.classes], noise) {
        pixels.append(UInt8((UInt16(signal) + UInt16(hidden)) / 2))
      }
      onProgress(pixels.count)
    }
    return Dataset(
      name: "synthetic", split: split, format: format, pixels: pixels,
      labels: (0..<count).map { UInt16($0 % format.classes) })
  }

  private func image(number: Int, stream: UInt64) -> [UInt8] {
    var generator = KeyedGenerator(seed: seed, purpose: .synthetic, a: UInt64(number), b: stream)
    return (0..<format.pixelsPerImage).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
  }
}
