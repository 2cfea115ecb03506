import Failures

/// Scratch memory that all layers of a network share, for one pass of one layer at a time.
///
/// Layers reserve the largest size that they need when they are built. The contents do not survive
/// a pass.
public final class Workspace {
  private var floats = 0
  private var storage: Tensor?

  public init() {}

  /// Reserves scratch; the shapes of one call are used at the same time.
  public func reserve(_ shapes: Shape...) {
    floats = max(floats, shapes.reduce(0) { $0 + Workspace.padded($1.count) })
  }

  /// Takes the memory, after all layers have reserved theirs.
  public func place(in arena: Arena) { storage = arena.tensor([floats]) }

  /// Scratch of one shape.
  public func tensor(_ shape: Shape) -> Tensor { take(shape, at: 0) }

  /// Scratch of two shapes at the same time.
  public func tensors(_ first: Shape, _ second: Shape) -> (Tensor, Tensor) {
    (take(first, at: 0), take(second, at: Workspace.padded(first.count)))
  }

  /// Scratch of three shapes at the same time.
  public func tensors(
    _ first: Shape, _ second: Shape, _ third: Shape
  ) -> (Tensor, Tensor, Tensor) {
    let start = Workspace.padded(first.count)
    return (
      take(first, at: 0), take(second, at: start),
      take(third, at: start + Workspace.padded(second.count))
    )
  }

  private func take(_ shape: Shape, at offset: Int) -> Tensor {
    guard let storage else { unreachable("the workspace has not been placed") }
    require(
      offset + shape.count <= floats, "\(shape) at \(offset) in a workspace of \(floats) floats")
    return Tensor(shape, storage: storage.pointer + offset)
  }

  /// Rounds up, so that tensors start at multiples of a cache line.
  private static func padded(_ count: Int) -> Int { (count + 15) / 16 * 16 }
}
