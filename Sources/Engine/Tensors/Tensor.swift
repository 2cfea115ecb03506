import Failures

/// A view of floats in an ``Arena``, dense and row-major.
///
/// A tensor that a plan does not need has a shape but no storage, and traps on access. A tensor
/// without elements, such as a rank's empty share, has storage.
public struct Tensor: CustomStringConvertible {
  public let shape: Shape
  private let storage: UnsafeMutablePointer<Float>?

  /// - Parameter storage: at least `shape.count` floats, or nil for a tensor without storage.
  public init(_ shape: Shape, storage: UnsafeMutablePointer<Float>?) {
    self.shape = shape
    self.storage = storage
  }

  /// A tensor that the plan does not need.
  public static func absent(_ shape: Shape) -> Tensor { Tensor(shape, storage: nil) }

  public var isPresent: Bool { storage != nil }
  public var count: Int { shape.count }

  public var pointer: UnsafeMutablePointer<Float> {
    guard let storage else { unreachable("a tensor of shape \(shape) is not in the plan") }
    return storage
  }

  public var buffer: UnsafeMutableBufferPointer<Float> {
    UnsafeMutableBufferPointer(start: pointer, count: count)
  }

  public subscript(index: Int) -> Float {
    get {
      assert(index >= 0 && index < count, "element \(index) of \(shape)")
      return pointer[index]
    }
    nonmutating set {
      assert(index >= 0 && index < count, "element \(index) of \(shape)")
      pointer[index] = newValue
    }
  }

  /// Entries `range` along the first axis.
  public func slice(_ range: Range<Int>) -> Tensor {
    require(
      range.lowerBound >= 0 && range.upperBound <= shape[0], "slice \(range) of a tensor \(shape)")
    return Tensor(
      shape.withFirst(range.count), storage: storage.map { $0 + range.lowerBound * shape.stride })
  }

  /// The first `extent` entries along the first axis.
  public func prefix(_ extent: Int) -> Tensor { slice(0..<extent) }

  /// This tensor's elements with another shape.
  public func reshaped(_ shape: Shape) -> Tensor {
    require(shape.count == count, "cannot see \(self.shape) as \(shape)")
    return Tensor(shape, storage: storage)
  }

  public func fill(_ value: Float) { buffer.update(repeating: value) }

  public func copy(from other: Tensor) {
    require(shape == other.shape, "copy needs equal shapes: \(other.shape) into \(shape)")
    pointer.update(from: other.pointer, count: count)
  }

  public var description: String { "Tensor\(shape)" }
}
