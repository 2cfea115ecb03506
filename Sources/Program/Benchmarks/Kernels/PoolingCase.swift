import Kernels
import Layers
import Tensors

/// One pooling layer by itself, on noise.
final class PoolingCase {
  private let layer: any Layer
  private let x: Edge
  private let y: Edge
  private let arena: Arena

  init(_ pooling: NetworkInventory.Pooling, samples: Int) throws {
    layer =
      pooling.kind == .maximum
      ? MaximumPooling(size: pooling.input.height / pooling.output.height)
      : GlobalAveragePooling()
    let (plan, arena) = try Arena.plan { arena in
      (
        arena.edge(pooling.input.withFirst(samples), .first),
        arena.edge(pooling.output.withFirst(samples), .first)
      )
    }
    (x, y) = plan
    self.arena = arena
    let noise = Noise()
    noise.fill(x)
    noise.fill(y)
  }

  func forward() { layer.forward(x, into: y, mode: .training) }
  func backward() { layer.backward(y, into: x, gradients: nil) }
}
