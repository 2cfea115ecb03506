import EmbeddedFiles
import Failures

extension DatasetSource {
  /// 8 × 8 handwritten digits, embedded in the program.
  public static let digits = DatasetSource(format: Digits.format, make: Digits.load)
}

/// The 1797 embedded samples of "Optical Recognition of Handwritten Digits" (UCI).
///
/// Images are 8 × 8 with values 0 … 16. The split is fixed and stratified: every fifth sample of
/// each class, in file order, is a test sample.
enum Digits {
  static let format = Dataset.Format(
    height: 8, width: 8, channels: 1, classes: 10, pixelMaximum: 16)
  private static let file = "digits.csv.gz (embedded)"

  static func load(_ meter: LoadingMeter) throws(DatasetError) -> Dataset {
    let split = meter.split
    let text = try Gzip.expand(Array(EmbeddedFiles.digits), path: file)
    var pixels: [UInt8] = []
    var labels: [UInt16] = []
    var seen = [Int](repeating: 0, count: format.classes)
    for line in text.split(separator: UInt8(ascii: "\n")) {
      let numbers = line.split(separator: UInt8(ascii: ",")).compactMap {
        UInt8(String(decoding: $0, as: UTF8.self))
      }
      guard numbers.count == format.pixelsPerImage + 1, let label = numbers.last,
        label < format.classes, numbers.dropLast().allSatisfy({ $0 <= format.pixelMaximum })
      else {
        unreachable("\(file): \(String(decoding: line, as: UTF8.self))")
      }
      let isTest = seen[Int(label)] % 5 == 4
      seen[Int(label)] += 1
      guard isTest == (split == .test) else { continue }
      pixels.append(contentsOf: numbers.dropLast())
      labels.append(UInt16(label))
    }
    return Dataset(name: "digits", split: split, format: format, pixels: pixels, labels: labels)
  }
}
