import Failures

/// Float tensors of a safetensors file, converted on request, so that memory holds the file once.
public struct FileState: StateSource, Sendable {
  public let names: [String]
  private let tensors: [String: StoredTensor]

  /// Checks that all tensors are floats; only messages use `path`.
  ///
  /// Tensors whose names end with one of `ignored` are left out, and may have any type.
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
