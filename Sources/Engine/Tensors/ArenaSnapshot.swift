/// A copy of what an arena's local region holds at one moment of its plan.
///
/// It lets a sweep of a network overwrite the region, and later passes read what was there before.
public final class ArenaSnapshot {
  private let arena: Arena
  private let contents: [UnsafeMutableRawBufferPointer]
  private let block: MemoryBlock

  /// Takes memory for what is needed at `moment`.
  ///
  /// - Throws: ``ArenaError`` if it does not fit.
  public init(_ arena: Arena, at moment: Int) throws(ArenaError) {
    self.arena = arena
    contents = arena.contents(at: moment)
    block = try MemoryBlock(bytes: max(1, contents.reduce(0) { $0 + $1.count }))
  }

  public var bytes: Int { block.bytes }

  /// Copies the contents; to be called at the moment.
  public func save() {
    var place = block.base
    for part in contents {
      if let start = part.baseAddress { place.copyMemory(from: start, byteCount: part.count) }
      place += part.count
    }
  }

  /// Puts back what was saved.
  public func restore() {
    var place = block.base
    for part in contents {
      part.baseAddress?.copyMemory(from: place, byteCount: part.count)
      place += part.count
    }
  }
}
