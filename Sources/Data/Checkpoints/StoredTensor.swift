import Failures

/// A tensor in the byte layout of a file: row-major, little-endian.
public struct StoredTensor: Equatable, Sendable {
  public let elementType: ElementType
  /// Sizes of the dimensions, outermost first; empty for a scalar.
  public let shape: [Int]
  /// Elements as shape.product · elementType.byteCount bytes.
  public let bytes: ArraySlice<UInt8>

  public init(elementType: ElementType, shape: [Int], bytes: [UInt8]) {
    self.init(elementType: elementType, shape: shape, bytes: bytes[...])
  }

  /// Creates a tensor from a part of a file's bytes, without copying them.
  public init(elementType: ElementType, shape: [Int], bytes: ArraySlice<UInt8>) {
    let expected = shape.reduce(elementType.byteCount, *)
    require(
      bytes.count == expected,
      "\(elementType.rawValue) \(shape) takes \(expected) bytes, not \(bytes.count)")
    self.elementType = elementType
    self.shape = shape
    self.bytes = bytes
  }

  public init(_ values: [Float], shape: [Int]) {
    self.init(elementType: .float32, shape: shape, bytes: values.withUnsafeBytes(Array.init))
  }

  public init(_ values: [Double], shape: [Int]) {
    self.init(elementType: .float64, shape: shape, bytes: values.withUnsafeBytes(Array.init))
  }

  public init(_ values: [Int64], shape: [Int]) {
    self.init(elementType: .signed64, shape: shape, bytes: values.withUnsafeBytes(Array.init))
  }

  /// Elements of an F32, F64, F16 or BF16 tensor; F64 is rounded to nearest.
  public func floats() throws(ElementTypeError) -> [Float] {
    switch elementType {
    case .float32: elements(of: Float.self)
    case .float64: elements(of: Double.self).map { Float($0) }
    case .float16: elements(of: UInt16.self).map { Float(Float16(bitPattern: $0)) }
    case .brainFloat16: elements(of: UInt16.self).map { Float(bitPattern: UInt32($0) << 16) }
    default: throw ElementTypeError(found: elementType, expected: ElementType.floats)
    }
  }

  /// Exact elements of an F32, F64, F16 or BF16 tensor.
  public func doubles() throws(ElementTypeError) -> [Double] {
    if elementType == .float64 { return elements(of: Double.self) }
    return try floats().map { Double($0) }
  }

  /// Elements of an I64, I32, I16, I8 or U8 tensor.
  public func integers() throws(ElementTypeError) -> [Int] {
    switch elementType {
    case .signed64: elements(of: Int64.self).map { Int($0) }
    case .signed32: elements(of: Int32.self).map { Int($0) }
    case .signed16: elements(of: Int16.self).map { Int($0) }
    case .signed8: elements(of: Int8.self).map { Int($0) }
    case .unsigned8: bytes.map { Int($0) }
    default: throw ElementTypeError(found: elementType, expected: "I64, I32, I16, I8 or U8")
    }
  }

  private func elements<T: BitwiseCopyable>(of type: T.Type) -> [T] {
    bytes.withUnsafeBytes { raw in
      (0..<raw.count / MemoryLayout<T>.size).map {
        raw.loadUnaligned(fromByteOffset: $0 * MemoryLayout<T>.size, as: T.self)
      }
    }
  }
}

/// A tensor has another element type than the one requested.
public struct ElementTypeError: Failure, Equatable, Sendable {
  public let found: ElementType
  public let expected: String

  public var exitStatus: ExitStatus { .unusableInput }
  public var description: String { "elements are \(found), expected \(expected)" }

  package init(found: ElementType, expected: String) {
    self.found = found
    self.expected = expected
  }
}
