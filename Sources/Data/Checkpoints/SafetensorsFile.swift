import Failures
import Files

/// Named tensors and textual metadata of one safetensors file.
///
/// - Source: the format's README, https://github.com/huggingface/safetensors
public struct SafetensorsFile: Equatable, Sendable {
  public var tensors: [String: StoredTensor]
  public var metadata: [String: String]

  public init(tensors: [String: StoredTensor] = [:], metadata: [String: String] = [:]) {
    self.tensors = tensors
    self.metadata = metadata
  }

  /// Names in the order in which tensors are written: by descending element type, then by name.
  public var names: [String] {
    tensors.sorted { a, b in
      a.value.elementType == b.value.elementType
        ? a.key.utf8.lexicographicallyPrecedes(b.key.utf8)
        : a.value.elementType > b.value.elementType
    }.map(\.key)
  }

  /// Reads and checks a whole file.
  public static func read(_ path: String) throws(SafetensorsError) -> SafetensorsFile {
    do {
      let file = try InputFile(reading: path)
      // The length of the header is checked before memory of this size is allocated.
      let start = try file.read(first: 8)
      _ = try SafetensorsHeader.headerBytes(start, fileBytes: file.byteCount, path: path)
      return try SafetensorsFile(bytes: try file.read(first: file.byteCount), path: path)
    } catch let error as FileError {
      throw .file(error)
    } catch let error as SafetensorsError {
      throw error
    } catch {
      unreachable("no other error is thrown above: \(error)")
    }
  }

  /// Checks the bytes of a file; only messages use `path`.
  public init(bytes: [UInt8], path: String) throws(SafetensorsError) {
    let header = try SafetensorsHeader(bytes, path: path)
    self.init(metadata: header.metadata)
    for entry in header.entries {
      let range =
        header.dataStart + entry.range.lowerBound..<header.dataStart + entry.range.upperBound
      tensors[entry.name] = StoredTensor(
        elementType: entry.elementType, shape: entry.shape, bytes: bytes[range])
    }
  }

  /// Bytes of the file, which depend only on the contents.
  public func encoded() -> [UInt8] {
    var bytes: [UInt8] = []
    SafetensorsStream(self).forEachPiece { bytes.append(contentsOf: $0) }
    return bytes
  }

  /// Writes and syncs the file.
  ///
  /// The write is not atomic. ``CheckpointStore`` writes into a directory that it renames
  /// afterwards.
  public func write(to path: String) throws(SafetensorsError) {
    do { try SafetensorsStream(self).write(to: path) } catch { throw .file(error) }
  }
}
