import Failures
import Files

/// Reasons why a safetensors file is refused.
public enum SafetensorsError: Failure, Equatable, Sendable {
  case file(FileError)
  case truncated(path: String, found: Int, expected: Int)
  case headerTooLong(path: String, found: UInt64, limit: Int)
  case headerBeyondFile(path: String, found: UInt64, fileBytes: Int)
  case notUTF8(path: String)
  /// The header is not valid; `offset` counts bytes from the start of the file.
  case syntax(path: String, offset: Int, found: String, expected: String)
  case duplicateKey(path: String, offset: Int, key: String)
  case unknownElementType(path: String, tensor: String, found: String)
  case missingKey(path: String, tensor: String, key: String)
  case tooManyElements(path: String, tensor: String, shape: [Int])
  case wrongByteCount(
    path: String, tensor: String, found: Range<Int>, shape: [Int], type: ElementType)
  case reversedOffsets(path: String, tensor: String, begin: Int, end: Int)
  case outsideData(path: String, tensor: String, found: Range<Int>, dataBytes: Int)
  case overlap(path: String, tensor: String, begin: Int, expected: Int)
  case hole(path: String, tensor: String, begin: Int, expected: Int)
  case trailingBytes(path: String, found: Int, expected: Int)
  case wrongElementType(path: String, tensor: String, found: ElementType, expected: String)
}

extension SafetensorsError {
  public var exitStatus: ExitStatus {
    if case .file(let error) = self { error.exitStatus } else { .unusableInput }
  }

  public var description: String {
    switch self {
    case .file(let error): error.description
    case .truncated(let path, let found, let expected):
      "\(path): \(found) bytes, expected at least \(expected)"
    case .headerTooLong(let path, let found, let limit):
      "\(path): header of \(found) bytes, expected at most \(limit)"
    case .headerBeyondFile(let path, let found, let fileBytes):
      "\(path): header of \(found) bytes, expected at most \(fileBytes - 8) in a file of \(fileBytes)"
    case .notUTF8(let path): "\(path): the header is not UTF-8"
    case .syntax(let path, let offset, let found, let expected):
      "\(path): byte \(offset): found \(found), expected \(expected)"
    case .duplicateKey(let path, let offset, let key):
      "\(path): byte \(offset): key \"\(key)\" a second time, expected once"
    case .unknownElementType(let path, let tensor, let found):
      "\(path): \(tensor): found dtype \"\(found)\", expected one of "
        + ElementType.allCases.map(\.rawValue).joined(separator: ", ")
    case .missingKey(let path, let tensor, let key):
      "\(path): \(tensor): no \"\(key)\", expected dtype, shape and data_offsets"
    case .tooManyElements(let path, let tensor, let shape):
      "\(path): \(tensor): shape \(shape) has more bytes than can be counted"
    case .wrongByteCount(let path, let tensor, let found, let shape, let type):
      "\(path): \(tensor): found \(found.count) bytes, expected "
        + "\(shape.reduce(type.byteCount, *)) for \(type.rawValue) \(shape)"
    case .reversedOffsets(let path, let tensor, let begin, let end):
      "\(path): \(tensor): data begins at \(begin), expected at most its end \(end)"
    case .outsideData(let path, let tensor, let found, let dataBytes):
      "\(path): \(tensor): data ends at \(found.upperBound), expected at most \(dataBytes)"
    case .overlap(let path, let tensor, let begin, let expected):
      "\(path): \(tensor): data begins at \(begin), inside its predecessor, expected \(expected)"
    case .hole(let path, let tensor, let begin, let expected):
      "\(path): \(tensor): data begins at \(begin), after a hole, expected \(expected)"
    case .trailingBytes(let path, let found, let expected):
      "\(path): \(found) bytes of data, expected \(expected)"
    case .wrongElementType(let path, let tensor, let found, let expected):
      "\(path): \(tensor): found \(found.rawValue), expected \(expected)"
    }
  }
}
