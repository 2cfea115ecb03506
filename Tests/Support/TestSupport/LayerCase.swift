import Kernels
import Layers
import Tensors

/// One row of the table that `EveryLayerTests` sweeps: a layer, its shapes and its oracle.
public struct LayerCase: Sendable, CustomStringConvertible {
  public let name: String
  /// The global batch.
  public let input: Shape
  public let output: Shape
  public let mode: Mode
  /// Whether results depend on the other ranks' samples.
  public let hasBatchStatistics: Bool
  /// γ of the batch norms; running variances are about 1, so γ clips below 1 and not above.
  let gamma: Float
  let make: @Sendable (LayerSite) -> any Layer
  /// The forward pass of the global batch, from effective parameters.
  let oracle: @Sendable (_ x: [Double], _ layer: any Layer) -> [Double]

  public var description: String { name }

  /// Small slices, so that every pass crosses the border of one.
  static let slices = Slices(samples: 2)

  init(
    _ name: String, input: Shape, output: Shape, mode: Mode = .training,
    hasBatchStatistics: Bool = false, gamma: Float = 10,
    make: @escaping @Sendable (LayerSite) -> any Layer,
    oracle: @escaping @Sendable ([Double], any Layer) -> [Double]
  ) {
    self.name = name
    self.input = input
    self.output = output
    self.mode = mode
    self.hasBatchStatistics = hasBatchStatistics
    self.gamma = gamma
    self.make = make
    self.oracle = oracle
  }
}

extension Tensor {
  /// The elements in double precision.
  var doubles: [Double] { buffer.map { Double($0) } }
}
