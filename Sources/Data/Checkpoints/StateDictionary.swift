import Failures

/// Named float tensors in a fixed order, saved by a network or an optimizer.
public struct StateDictionary: Equatable, Sendable {
  public struct Entry: Equatable, Sendable {
    public let name: String
    /// Sizes of the dimensions, outermost first; empty for a scalar.
    public let shape: [Int]
    /// Elements, row-major.
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

  /// Makes the tensors and copies their present values.
  public init(_ tensors: [DeferredTensor]) {
    for tensor in tensors {
      append(tensor.name, shape: tensor.shape, values: tensor.values(0..<tensor.rows))
    }
  }

  /// Reads the tensors of a file as floats, in the file's order; only messages use `path`.
  ///
  /// Tensors whose names end with one of `ignored` are left out, and may have any type.
  public init(
    _ file: SafetensorsFile, path: String, ignoring ignored: [String] = []
  ) throws(SafetensorsError) {
    let state = try FileState(file, path: path, ignoring: ignored)
    for name in state.names {
      guard let shape = state.shape(of: name), let values = state.values(of: name) else { continue }
      append(name, shape: shape, values: values)
    }
  }
}

extension StateDictionary: StateSource {
  public func shape(of name: String) -> [Int]? { self[name]?.shape }
  public func values(of name: String) -> [Float]? { self[name]?.values }
}
