import Digests
import Failures
import Files

/// Bytes of a safetensors file, produced in pieces; each pass produces equal bytes.
public struct SafetensorsStream {
  private enum Contents {
    case bytes(ArraySlice<UInt8>)
    case deferred(DeferredTensor)
  }

  /// Number of elements of a deferred tensor that are made at a time (a megabyte), unless a row has
  /// more.
  private static let pieceElements = 262_144

  /// Length of the header, followed by the header.
  private let start: [UInt8]
  private let tensors: [Contents]

  /// Creates a stream of a file in memory.
  public init(_ file: SafetensorsFile) {
    let ordered = file.names.compactMap { name in file.tensors[name].map { (name, $0) } }
    start = SafetensorsHeader.encoded(
      ordered.map {
        SafetensorsHeader.Description(
          name: $0, elementType: $1.elementType, shape: $1.shape, byteCount: $1.bytes.count)
      }, metadata: file.metadata)
    tensors = ordered.map { .bytes($0.1.bytes) }
  }

  /// Creates a stream of F32 tensors that are made while they are written.
  public init(_ deferred: [DeferredTensor], metadata: [String: String] = [:]) {
    let ordered = deferred.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    let type = ElementType.float32
    start = SafetensorsHeader.encoded(
      ordered.map {
        SafetensorsHeader.Description(
          name: $0.name, elementType: type, shape: $0.shape, byteCount: $0.count * type.byteCount)
      }, metadata: metadata)
    tensors = ordered.map { .deferred($0) }
  }

  /// SHA-256 of the bytes.
  public func sha256() -> String {
    let digest = SHA256Digest()
    forEachPiece { digest.update($0) }
    return digest.hexadecimal()
  }

  /// Writes and syncs the file, and returns the SHA-256 of its bytes.
  @discardableResult
  package func write(to path: String) throws(FileError) -> String {
    let digest = SHA256Digest()
    let file = try OutputFile(path)
    try forEachPiece { (piece) throws(FileError) in
      digest.update(piece)
      try file.append(piece)
    }
    try file.sync()
    return digest.hexadecimal()
  }

  /// Lends the bytes in pieces: about a megabyte of a deferred tensor, or a whole stored one.
  func forEachPiece<Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Void
  ) throws(Failure) {
    try Self.lend(start[...], to: body)
    for tensor in tensors {
      switch tensor {
      case .bytes(let bytes): try Self.lend(bytes, to: body)
      case .deferred(let tensor):
        let perRow = tensor.count / max(tensor.rows, 1)
        let rowsPerPiece = max(1, Self.pieceElements / max(perRow, 1))
        for first in stride(from: 0, to: tensor.rows, by: rowsPerPiece) {
          let rows = first..<min(first + rowsPerPiece, tensor.rows)
          let values = tensor.values(rows)
          require(
            values.count == rows.count * perRow,
            "\(tensor.name): \(values.count) values in rows \(rows) of \(perRow)")
          try Self.lend(values[...], to: body)
        }
      }
    }
  }

  private static func lend<Element: BitwiseCopyable, Failure: Error>(
    _ values: ArraySlice<Element>, to body: (UnsafeRawBufferPointer) throws(Failure) -> Void
  ) throws(Failure) {
    let result = values.withUnsafeBytes { bytes in
      Result { () throws(Failure) in try body(bytes) }
    }
    try result.get()
  }
}
