import Failures
import Files

/// Reasons why a data set cannot be read.
public enum DatasetError: Failure, Equatable {
  /// `dataset` is read from files, but no directory was given.
  case noDirectory(dataset: String)
  /// No directory of `directories` holds a file of `names`; `kind` names the kind of file.
  case missing(names: [String], directories: [String], kind: String)
  /// Several directories hold the data set, and their contents may differ.
  case ambiguous(directories: [String])
  case file(FileError)
  case empty(path: String)
  /// The size of a file of records is not a multiple of `recordSize`.
  case partialRecord(path: String, size: Int, recordSize: Int)
  /// The size of a file differs from the size that its header gives.
  case wrongSize(path: String, size: Int, expected: Int)
  case labelOutOfRange(path: String, record: Int, label: Int, classes: Int)
  case wrongMagic(path: String, found: UInt32, expected: UInt32)
  case wrongDimensions(path: String, found: [Int], expected: String)
  case countMismatch(images: String, imageCount: Int, labels: String, labelCount: Int)
  /// Test images and training images differ in format.
  case unequalFormats(train: Dataset.Format, test: Dataset.Format)
  /// zlib could not expand the file; `reason` is zlib's message.
  case corruptGzip(path: String, reason: String)

  public var exitStatus: ExitStatus {
    if case .file(let error) = self { error.exitStatus } else { .unusableInput }
  }

  public var description: String {
    switch self {
    case .noDirectory(let dataset):
      "\(dataset) is read from files: name the directory that holds them"
    case .missing(let names, let directories, let kind):
      "found no \(names.joined(separator: " or ")) in \(directories.joined(separator: ", ")); "
        + "expected the files of \(kind)"
    case .ambiguous(let directories):
      "more than one directory holds the data set, name one of them: "
        + directories.joined(separator: ", ")
    case .file(let error): error.description
    case .empty(let path):
      "\(path): holds no samples"
    case .partialRecord(let path, let size, let recordSize):
      "\(path): \(size) bytes are \(size / recordSize) records of \(recordSize) bytes "
        + "and \(size % recordSize) bytes more; the file is truncated or of another kind"
    case .wrongSize(let path, let size, let expected):
      "\(path): \(size) bytes, but its header promises \(expected)"
    case .labelOutOfRange(let path, let record, let label, let classes):
      "\(path): record \(record) has label \(label), expected 0 to \(classes - 1)"
    case .wrongMagic(let path, let found, let expected):
      "\(path): starts with \(hexadecimal(found)), expected \(hexadecimal(expected))"
    case .wrongDimensions(let path, let found, let expected):
      "\(path): dimensions \(found.map(String.init).joined(separator: " × ")), expected \(expected)"
    case .countMismatch(let images, let imageCount, let labels, let labelCount):
      "\(images) holds \(imageCount) images, but \(labels) holds \(labelCount) labels"
    case .unequalFormats(let train, let test):
      "test images are \(test), but training images \(train)"
    case .corruptGzip(let path, let reason):
      "\(path): not a complete gzip file: \(reason)"
    }
  }

  private func hexadecimal(_ value: UInt32) -> String {
    let digits = String(value, radix: 16)
    return "0x" + String(repeating: "0", count: 8 - digits.count) + digits
  }
}
