import Failures

/// The memory behind a network: every buffer is placed in it once, before the first step.
///
/// ``plan(in:_:)`` runs the construction twice: the first run measures, the second hands out views
/// of one mapping of exactly the measured size for each ``Region``. Each layer asks for its buffers
/// where it is built, and a step allocates nothing.
public final class Arena {
  /// Distance between the starts of buffers is a multiple of a cache line.
  private static let alignment = 64

  /// The memory that a buffer lies in.
  ///
  /// Regions are made in this order: ranks make the first two together, so these come before the
  /// one that a single rank may fail to get.
  public enum Region: Sendable, CaseIterable {
    /// Buffers that an allreduce sums: the other ranks of the node may read and add to them.
    case reduced
    /// Buffers that several threads, or ranks of a node, share.
    ///
    /// Their plans ask for equal buffers in the same order, and get the same memory.
    case shared
    /// Buffers of this plan alone.
    case local
  }

  /// The bytes taken of a region, and the block they lie in; the measuring run has no block.
  private struct Extent {
    var block: MemoryBlock?
    var taken = 0
  }

  private var extents: [Region: Extent] = [:]
  /// Tensors with a ``Lifetime``, as the measuring run has asked for them.
  private var needs: [Placement.Need] = []
  /// The offsets of these tensors, at the start of the local region, and how many have been handed
  /// out.
  private let placement: Placement
  private var placed = 0
  private let isMeasuring: Bool

  /// Bytes of the local region.
  public var bytes: Int { bytes(in: .local) }

  /// Bytes that the plan takes of a region.
  public func bytes(in region: Region) -> Int { extents[region, default: Extent()].taken }

  /// The measuring run.
  private init() {
    isMeasuring = true
    placement = Placement([])
  }

  private init(
    measured: Arena, _ makeBlock: (_ region: Region, _ bytes: Int) throws -> MemoryBlock
  ) throws {
    isMeasuring = false
    needs = measured.needs
    placement = Placement(needs)
    for region in Region.allCases {
      let start = region == .local ? placement.bytes : 0
      let bytes = start + measured.bytes(in: region)
      extents[region] = Extent(
        block: bytes > 0 ? try makeBlock(region, bytes) : nil, taken: start)
    }
  }

  /// Builds something whose buffers all live in one arena.
  ///
  /// `build` runs twice and must ask for the same buffers in the same order both times. The views
  /// that it returns are valid while the arena lives. In the measuring run the views point nowhere,
  /// so `build` must not read or write them.
  ///
  /// - Parameter makeBlock: returns the memory of a region, of the given size.
  public static func plan<Plan, Failure: Error>(
    in makeBlock: (_ region: Region, _ bytes: Int) throws -> MemoryBlock = {
      try MemoryBlock(bytes: $1)
    },
    _ build: (Arena) throws(Failure) -> Plan
  ) throws -> (plan: Plan, arena: Arena) {
    let measure = Arena()
    _ = try build(measure)
    let arena = try Arena(measured: measure, makeBlock)
    let plan = try build(arena)
    for region in Region.allCases {
      let (asked, block) = (arena.bytes(in: region), arena.extents[region]?.block?.bytes ?? 0)
      require(
        asked == block, "the construction asked for \(asked) \(region) bytes after \(block)")
    }
    let (placed, needed) = (arena.placed, measure.needs.count)
    require(
      placed == needed,
      "the construction asked for \(placed) tensors with a lifetime after \(needed)")
    return (plan, arena)
  }

  /// The bytes that the local region of a plan would have, without taking them.
  public static func bytes<Failure: Error>(
    of build: (Arena) throws(Failure) -> some Any
  ) throws(Failure) -> Int {
    let measure = Arena()
    _ = try build(measure)
    return Placement(measure.needs).bytes + measure.bytes
  }

  /// A zeroed tensor if it is needed, else one without storage.
  public func tensor(_ shape: Shape, in region: Region = .local, if needed: Bool = true) -> Tensor {
    guard needed else { return .absent(shape) }
    return Tensor(
      shape, storage: buffer(of: Float.self, count: shape.count, in: region).baseAddress)
  }

  /// A tensor that is needed for a part of a step only; its memory serves others at other times.
  ///
  /// Its contents are undefined at the beginning of each stretch of its lifetime.
  public func tensor(_ shape: Shape, during lifetime: Lifetime) -> Tensor {
    let bytes = Arena.padded(max(shape.count, 1) * MemoryLayout<Float>.stride)
    guard !isMeasuring, let base = extents[.local]?.block?.base else {
      needs.append(Placement.Need(bytes: bytes, lifetime: lifetime))
      return Tensor(shape, storage: Arena.nowhere(as: Float.self))
    }
    require(placed < placement.starts.count, "a tensor \(shape) with a lifetime was not measured")
    let start = placement.starts[placed]
    placed += 1
    require(
      start + bytes <= placement.bytes, "a tensor \(shape) with a lifetime was measured smaller")
    let typed = (base + start).bindMemory(to: Float.self, capacity: max(shape.count, 1))
    return Tensor(shape, storage: typed)
  }

  /// The bytes of the local region that are needed at `moment`: those of tensors whose lifetime
  /// contains it, and of everything without a lifetime.
  ///
  /// Valid while the arena lives.
  func contents(at moment: Int) -> [UnsafeMutableRawBufferPointer] {
    guard let block = extents[.local]?.block else { return [] }
    var spans = zip(placement.starts, needs).filter { $1.lifetime.contains(moment) }
      .map { start, need in start..<start + need.bytes }
    spans.append(placement.bytes..<block.bytes)
    var merged: [Range<Int>] = []
    for span in spans.sorted(by: { $0.lowerBound < $1.lowerBound }) {
      if let last = merged.last, last.upperBound >= span.lowerBound {
        merged[merged.count - 1] = last.lowerBound..<max(last.upperBound, span.upperBound)
      } else {
        merged.append(span)
      }
    }
    return merged.map {
      UnsafeMutableRawBufferPointer(start: block.base + $0.lowerBound, count: $0.count)
    }
  }

  /// An edge of the network with the tensors that `derivatives` asks for.
  public func edge(_ shape: Shape, _ derivatives: Derivatives) -> Edge {
    Edge(
      value: tensor(shape),
      gradient: tensor(shape, if: derivatives >= .first),
      tangent: tensor(shape, if: derivatives >= .second),
      gradientTangent: tensor(shape, if: derivatives >= .second))
  }

  /// A zeroed buffer of a plain type.
  public func buffer<Element: BitwiseCopyable>(
    of type: Element.Type, count: Int, in region: Region = .local
  ) -> UnsafeMutableBufferPointer<Element> {
    let size = max(count, 1) * MemoryLayout<Element>.stride
    let start = extents[region, default: Extent()].taken
    let end = start + Arena.padded(size)
    extents[region, default: Extent()].taken = end
    if isMeasuring {
      return UnsafeMutableBufferPointer(start: Arena.nowhere(as: type), count: count)
    }
    guard let block = extents[region]?.block, end <= block.bytes else {
      unreachable(
        "the \(extents[region]?.block?.bytes ?? 0) bytes of \(region) are used up at \(end)")
    }
    let typed = (block.base + start).bindMemory(to: type, capacity: max(count, 1))
    return UnsafeMutableBufferPointer(start: typed, count: count)
  }

  private static func padded(_ bytes: Int) -> Int {
    (bytes + alignment - 1) / alignment * alignment
  }

  /// The address of every buffer in the measuring run: not null, and never read or written.
  private static func nowhere<Element>(as type: Element.Type) -> UnsafeMutablePointer<Element>? {
    UnsafeMutablePointer(bitPattern: alignment)
  }
}

/// A plan that does not fit into memory.
public enum ArenaError: Failure {
  case outOfMemory(bytes: Int)

  public var exitStatus: ExitStatus { .outOfMemory }

  public var description: String {
    switch self {
    case .outOfMemory(let bytes):
      "the plan needs \(bytes / 1_048_576) MiB of memory, which the system refuses; "
        + "use a smaller --batch-size or more ranks, which need less per rank"
    }
  }
}
