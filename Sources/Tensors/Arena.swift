import Preconditions

#if canImport(Glibc)
  import Glibc
#endif

/// The one block of memory behind a network: every buffer is placed in it once, before the first step.
///
/// ``plan(_:)`` runs the construction twice: the first run measures, the second hands out views of
/// one mapping of exactly the measured size. So whoever builds a layer asks for what it needs where it
/// needs it, and nothing is allocated in a step.
public final class Arena {
  /// Distance between the starts of buffers is a multiple of a cache line.
  private static let alignment = 64

  private let base: UnsafeMutableRawPointer?
  private let capacity: Int
  private var offset = 0
  /// What the measuring run has asked for that is not needed all the time.
  private var needs: [Placement.Need] = []
  /// Where that lies, at the start of the block, and how much of it has been handed out.
  private let placement: Placement
  private var placed = 0

  /// Memory that other plans may have in common with this one; nil in the measuring run.
  private(set) var common: CommonMemory?
  /// What the plan takes of it, in bytes.
  public internal(set) var commonBytes = 0

  /// What the plan takes for itself, in bytes.
  public var bytes: Int { offset }

  /// The measuring run.
  private init() {
    base = nil
    capacity = 0
    placement = Placement([])
  }

  private init(measured: Arena) throws(ArenaError) {
    placement = Placement(measured.needs)
    offset = placement.bytes
    capacity = max(offset + measured.offset, Arena.alignment)
    let mapped = mmap(
      nil, capacity, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard let mapped, mapped != MAP_FAILED else { throw ArenaError.outOfMemory(bytes: capacity) }
    // Fewer misses of the page table's cache where the system grants it; nothing depends on it.
    madvise(mapped, capacity, MADV_HUGEPAGE)
    base = mapped
  }

  deinit {
    if let base { munmap(base, capacity) }
  }

  /// Builds something whose buffers all live in one arena.
  ///
  /// `build` runs twice and must ask for the same buffers in the same order both times. The views it
  /// returns are valid while the arena lives.
  /// In the measuring run the views point nowhere: `build` only asks, it does not read or write.
  ///
  /// - Parameter makeCommon: makes the common memory of that many bytes, or says which one it is.
  public static func plan<Plan, Failure: Error>(
    common makeCommon: (_ bytes: Int) throws -> CommonMemory = { try CommonMemory(bytes: $0) },
    _ build: (Arena) throws(Failure) -> Plan
  ) throws -> (plan: Plan, arena: Arena) {
    let measure = Arena()
    _ = try build(measure)
    let common = try makeCommon(measure.commonBytes)
    let arena = try Arena(measured: measure)
    arena.common = common
    let plan = try build(arena)
    require(
      arena.offset - arena.placement.bytes == measure.offset && arena.placed == measure.needs.count,
      "the construction asked for \(arena.offset - arena.placement.bytes) bytes and \(arena.placed) "
        + "tensors for a time, after measuring \(measure.offset) and \(measure.needs.count)")
    return (plan, arena)
  }

  /// A zeroed tensor.
  public func tensor(_ shape: Shape) -> Tensor {
    Tensor(shape, storage: buffer(of: Float.self, count: shape.count).baseAddress)
  }

  /// A tensor if it is needed, else one without storage.
  public func tensor(_ shape: Shape, if needed: Bool) -> Tensor {
    needed ? tensor(shape) : .absent(shape)
  }

  /// A tensor that is only needed for a time, and takes memory that others need at other times.
  ///
  /// What it holds at the beginning of a stretch of its lifetime is anything.
  public func tensor(_ shape: Shape, during lifetime: Lifetime) -> Tensor {
    let bytes = Arena.padded(max(shape.count, 1) * MemoryLayout<Float>.stride)
    guard let base else {
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
    of type: Element.Type, count: Int
  ) -> UnsafeMutableBufferPointer<Element> {
    let start = offset
    let size = max(count, 1) * MemoryLayout<Element>.stride
    offset += Arena.padded(size)
    guard let base else {
      // The measuring run: a non-null address that nothing may touch.
      return UnsafeMutableBufferPointer(start: Arena.nowhere(as: type), count: count)
    }
    require(offset <= capacity, "the arena's \(capacity) bytes are used up at \(offset)")
    let typed = (base + start).bindMemory(to: type, capacity: max(count, 1))
    return UnsafeMutableBufferPointer(start: typed, count: count)
  }

  private static func padded(_ bytes: Int) -> Int {
    (bytes + alignment - 1) / alignment * alignment
  }

  private static func nowhere<Element>(as type: Element.Type) -> UnsafeMutablePointer<Element>? {
    UnsafeMutablePointer(bitPattern: alignment)
  }
}

/// The plan does not fit.
public enum ArenaError: Error, CustomStringConvertible {
  case outOfMemory(bytes: Int)

  public var description: String {
    switch self {
    case .outOfMemory(let bytes):
      "the plan needs \(bytes / 1_048_576) MiB of memory, which the system refuses; "
        + "a smaller --batch-size or more ranks need less per rank"
    }
  }
}
