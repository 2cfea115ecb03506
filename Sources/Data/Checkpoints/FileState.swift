import Failures

/// The float tensors of a safetensors file, each converted when it is asked for: the file is in memory once.
public struct FileState: StateSource, Sendable {
  public let names: [String]
  private let tensors: [String: StoredTensor]

  /// Checks that all are floats; `path` is for messages only.
  ///
  /// Names that end with one of `ignored` are left out, and may be of any type.
  public init(
    _ file: SafetensorsFile, path: String, ignoring ignored: [String] = []
  ) throws(SafetensorsError) {
    names = file.names.filter { name in !ignored.contains(where: name.hasSuffix) }
    var tensors: [String: StoredTensor] = [:]
    for name in names {
      guard let tensor = file.tensors[name] else { continue }
      guard tensor.elementType.isFloat else {
        throw .wrongElementType(
          path: path, tensor: name, found: tensor.elementType, expected: ElementType.floats)
      }
      tensors[name] = tensor
    }
    self.tensors = tensors
  }

  public func shape(of name: String) -> [Int]? { tensors[name]?.shape }

  public func values(of name: String) -> [Float]? {
    guard let tensor = tensors[name] else { return nil }
    do { return try tensor.floats() } catch {
      unreachable("\(name) is \(error.found), which was checked")
    }
  }
}
