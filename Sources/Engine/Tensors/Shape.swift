import Failures

/// The extents of a tensor, outermost first; at most four, stored inline so that a shape never
/// allocates.
///
/// Activations are [samples, height, width, channels] (NHWC); the layer of a parameter defines its
/// axes.
public struct Shape: Hashable, Sendable, ExpressibleByArrayLiteral, CustomStringConvertible {
  public static let maximumRank = 4

  public let rank: Int
  private var extents: (Int, Int, Int, Int)

  /// - Precondition: at most ``maximumRank`` extents, none negative.
  public init(_ extents: some Collection<Int>) {
    require(
      extents.count <= Shape.maximumRank && extents.allSatisfy { $0 >= 0 },
      "a shape has at most \(Shape.maximumRank) extents, none negative: \(Array(extents))")
    rank = extents.count
    self.extents = (1, 1, 1, 1)
    for (axis, extent) in extents.enumerated() { self[axis] = extent }
  }

  public init(arrayLiteral extents: Int...) { self.init(extents) }

  /// The shape of activations.
  public init(samples: Int, height: Int, width: Int, channels: Int) {
    rank = 4
    extents = (samples, height, width, channels)
  }

  /// The shape of a matrix.
  public init(rows: Int, columns: Int) {
    rank = 2
    extents = (rows, columns, 1, 1)
  }

  /// The shape of a vector.
  public init(length: Int) {
    rank = 1
    extents = (length, 1, 1, 1)
  }

  public private(set) subscript(axis: Int) -> Int {
    get {
      require(axis >= 0 && axis < rank, "axis \(axis) of a shape of rank \(rank)")
      switch axis {
      case 0: return extents.0
      case 1: return extents.1
      case 2: return extents.2
      default: return extents.3
      }
    }
    set {
      switch axis {
      case 0: extents.0 = newValue
      case 1: extents.1 = newValue
      case 2: extents.2 = newValue
      default: extents.3 = newValue
      }
    }
  }

  /// The number of elements; 1 for a scalar (rank 0).
  public var count: Int { extents.0 * extents.1 * extents.2 * extents.3 }

  /// The number of elements per entry of the first axis.
  public var stride: Int { extents.1 * extents.2 * extents.3 }

  /// This shape with another first extent.
  public func withFirst(_ extent: Int) -> Shape {
    var copy = self
    copy[0] = extent
    return copy
  }

  public var array: [Int] { (0..<rank).map { self[$0] } }
  public var description: String { "\(array)" }

  public static func == (a: Shape, b: Shape) -> Bool {
    a.rank == b.rank && a.extents == b.extents
  }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(rank)
    hasher.combine(extents.0)
    hasher.combine(extents.1)
    hasher.combine(extents.2)
    hasher.combine(extents.3)
  }
}

extension Shape {
  public var samples: Int { self[0] }
  public var height: Int { self[1] }
  public var width: Int { self[2] }
  public var channels: Int { self[3] }
}
