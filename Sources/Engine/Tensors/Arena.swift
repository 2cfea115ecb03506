import Failures

/// The memory behind a network: every buffer is placed in it once, before the first step.
///
/// ``plan(in:_:)`` runs the construction twice: the first run measures, the second hands out views of
/// one mapping of exactly the measured size for each ``Region``. So whoever builds a layer asks for what it
/// needs where it needs it, and nothing is allocated in a step.
public final class Arena {
  /// Distance between the starts of buffers is a multiple of a cache line.
  private static let alignment = 64

  /// Whose memory a buffer lies in.
  ///
  /// In the order in which it is made: what ranks make together comes before what one may fail to get.
  public enum Region: Sendable, CaseIterable {
    /// This plan's, for what is summed over ranks: those of its machine may add to it.
    case summed
    /// That of the plans of several threads, or ranks of a machine. Plans that have it in common ask for the
    /// same buffers of it in the same order, and get the same ones.
    case common
    /// This plan's.
    case own
  }

  /// What has been taken of a region, and where that lies; nowhere in the measuring run.
  private struct Extent {
    var block: MemoryBlock?
    var taken = 0
  }

  private var extents: [Region: Extent] = [:]
  /// What the measuring run has asked for that is not needed all the time.
  private var needs: [Placement.Need] = []
  /// Where that lies, at the start of the plan's own memory, and how much of it has been handed out.
  private let placement: Placement
  private var placed = 0
  private let isMeasuring: Bool

  /// What the plan takes for itself, in bytes.
  public var bytes: Int { bytes(in: .own) }

  /// What the plan takes of a region, in bytes.
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
    placement = Placement(measured.needs)
    for region in Region.allCases {
      let start = region == .own ? placement.bytes : 0
      let bytes = start + measured.bytes(in: region)
      extents[region] = Extent(
        block: bytes > 0 ? try makeBlock(region, bytes) : nil, taken: start)
    }
  }

  /// Builds something whose buffers all live in one arena.
  ///
  /// `build` runs twice and must ask for the same buffers in the same order both times. The views it
  /// returns are valid while the arena lives.
  /// In the measuring run the views point nowhere: `build` only asks, it does not read or write.
  ///
  /// - Parameter makeBlock: makes the memory of a region of that many bytes, or says which one it is.
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
    require(placed == needed, "it asked for \(placed) tensors for a time after \(needed)")
    return (plan, arena)
  }

  /// A zeroed tensor if it is needed, else one without storage.
  public func tensor(_ shape: Shape, in region: Region = .own, if needed: Bool = true) -> Tensor {
    guard needed else { return .absent(shape) }
    return Tensor(
      shape, storage: buffer(of: Float.self, count: shape.count, in: region).baseAddress)
  }

  /// A tensor that is only needed for a time, and takes memory that others need at other times.
  ///
  /// What it holds at the beginning of a stretch of its lifetime is anything.
  public func tensor(_ shape: Shape, during lifetime: Lifetime) -> Tensor {
    let bytes = Arena.padded(max(shape.count, 1) * MemoryLayout<Float>.stride)
    guard !isMeasuring, let base = extents[.own]?.block?.base else {
      needs.append(Placement.Need(bytes: bytes, lifetime: lifetime))
      return Tensor(shape, storage: Arena.nowhere(as: Float.self))
    }
    require(placed < placement.starts.count, "\(shape) for a time was not measured")
    let start = placement.starts[placed]
    placed += 1
    require(start + bytes <= placement.bytes, "\(shape) for a time was measured smaller")
    let typed = (base + start).bindMemory(to: Float.self, capacity: max(shape.count, 1))
    return Tensor(shape, storage: typed)
  }

  /// An edge of the network with the tensors that `derivatives` asks for.
  public func activation(_ shape: Shape, _ derivatives: Derivatives) -> Activation {
    Activation(
      value: tensor(shape),
      gradient: tensor(shape, if: derivatives >= .first),
      tangent: tensor(shape, if: derivatives >= .second),
      gradientTangent: tensor(shape, if: derivatives >= .second))
  }

  /// A zeroed buffer of a plain type.
  public func buffer<Element: BitwiseCopyable>(
    of type: Element.Type, count: Int, in region: Region = .own
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

  /// What a buffer of the measuring run points to: not null, and nothing may touch it.
  private static func nowhere<Element>(as type: Element.Type) -> UnsafeMutablePointer<Element>? {
    UnsafeMutablePointer(bitPattern: alignment)
  }
}

/// The plan does not fit.
public enum ArenaError: Failure {
  case outOfMemory(bytes: Int)

  public var exitStatus: ExitStatus { .outOfMemory }

  public var description: String {
    switch self {
    case .outOfMemory(let bytes):
      "the plan needs \(bytes / 1_048_576) MiB of memory, which the system refuses; "
        + "a smaller --batch-size or more ranks need less per rank"
    }
  }
}
