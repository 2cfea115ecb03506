import Preconditions

/// Named float tensors in a fixed order: what a network or an optimizer saves.
public struct StateDictionary: Equatable, Sendable {
  public struct Entry: Equatable, Sendable {
    public let name: String
    /// Outermost dimension first; empty for a scalar.
    public let shape: [Int]
    /// Row-major.
    public let values: [Float]
  }

  public private(set) var entries: [Entry] = []
  private var indices: [String: Int] = [:]

  public init() {}

  public var names: [String] { entries.map(\.name) }

  public subscript(name: String) -> Entry? { indices[name].map { entries[$0] } }

  /// Adds a tensor under a new name.
  public mutating func append(_ name: String, shape: [Int], values: [Float]) {
    require(indices[name] == nil, "\(name) is there already")
    require(
      values.count == shape.reduce(1, *), "\(name): \(values.count) values for shape \(shape)")
    indices[name] = entries.count
    entries.append(Entry(name: name, shape: shape, values: values))
  }

  /// The tensors of a file as floats, in the file's order; `path` is for messages only.
  ///
  /// Names that end with one of `ignored` are left out, and may be of any type.
  public init(
    _ file: SafetensorsFile, path: String, ignoring ignored: [String] = []
  ) throws(SafetensorsError) {
    for name in file.names where !ignored.contains(where: { name.hasSuffix($0) }) {
      guard let tensor = file.tensors[name] else { continue }
      do {
        append(name, shape: tensor.shape, values: try tensor.floats())
      } catch {
        throw .wrongElementType(
          path: path, tensor: name, found: error.found, expected: error.expected)
      }
    }
  }

  /// The tensors as F32.
  ///
  /// The file's order is the format's, not this dictionary's.
  public func file(metadata: [String: String] = [:]) -> SafetensorsFile {
    var file = SafetensorsFile(metadata: metadata)
    for entry in entries {
      file.tensors[entry.name] = StoredTensor(entry.values, shape: entry.shape)
    }
    return file
  }
}
