import Failures
import Tensors

/// Layers one after the other, with the edges between them.
///
/// The first layer reads the x of a pass, and the last layer writes its y. The interior edges are
/// planned for the largest number of samples, and a pass uses as many as x has.
public final class Chain: Layer {
  public let layers: [any Layer]
  /// `interior[k]` is the edge between layer k and layer k + 1.
  private let interior: [Edge]

  /// - Parameter interior: the edges between the layers, for the largest number of samples.
  public init(_ layers: [any Layer], interior: [Edge]) {
    require(
      !layers.isEmpty && interior.count == layers.count - 1,
      "\(layers.count) layers with \(interior.count) edges between them")
    self.layers = layers
    self.interior = interior
  }

  public var parameters: [Parameter] { layers.flatMap(\.parameters) }
  public var state: [StateTensor] { layers.flatMap(\.state) }
  public var reparameterizations: [any Reparameterization] {
    layers.flatMap(\.reparameterizations)
  }

  public var evaluation: [EvaluationMap] { layers.flatMap(\.evaluation) }

  public func forward(_ x: Edge, into y: Edge, mode: Mode) {
    for index in layers.indices { forward(layer: index, x, into: y, mode: mode) }
  }

  public func backward(_ y: Edge, into x: Edge, gradients writer: GradientWriter?) {
    for index in layers.indices.reversed() {
      backward(layer: index, y, into: x, gradients: writer)
    }
  }

  public func forwardTangent(_ x: Edge, into y: Edge) {
    for index in layers.indices { forwardTangent(layer: index, x, into: y) }
  }

  public func backwardTangent(
    _ y: Edge, into x: Edge, gradients writer: GradientWriter?
  ) {
    for index in layers.indices.reversed() {
      backwardTangent(layer: index, y, into: x, gradients: writer)
    }
  }

  public func refresh() {
    for layer in layers { layer.refresh() }
  }

  public func commit() {
    for layer in layers { layer.commit() }
  }

  /// The forward pass of one layer, for a sweep that acts between layers.
  public func forward(layer index: Int, _ x: Edge, into y: Edge, mode: Mode) {
    layers[index].forward(input(index, x), into: output(index, x, y), mode: mode)
  }

  /// The forward tangent pass of one layer.
  public func forwardTangent(layer index: Int, _ x: Edge, into y: Edge) {
    layers[index].forwardTangent(input(index, x), into: output(index, x, y))
  }

  /// The backward pass of one layer.
  public func backward(
    layer index: Int, _ y: Edge, into x: Edge, gradients writer: GradientWriter?
  ) {
    layers[index].backward(output(index, x, y), into: input(index, x), gradients: writer)
  }

  /// The backward tangent pass of one layer.
  public func backwardTangent(
    layer index: Int, _ y: Edge, into x: Edge, gradients writer: GradientWriter?
  ) {
    layers[index].backwardTangent(output(index, x, y), into: input(index, x), gradients: writer)
  }

  /// The edge that a layer writes in a pass from `x` to `y`.
  public func output(of index: Int, _ x: Edge, _ y: Edge) -> Edge { output(index, x, y) }

  private func input(_ index: Int, _ x: Edge) -> Edge {
    index == 0 ? x : interior[index - 1].prefix(x.shape.samples)
  }

  private func output(_ index: Int, _ x: Edge, _ y: Edge) -> Edge {
    index == layers.count - 1 ? y : interior[index].prefix(x.shape.samples)
  }
}
