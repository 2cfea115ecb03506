import Tensors

// SoftmaxCrossEntropy is being rewritten on a branch of its own, under the former names of edges.
// When that branch has landed, these two names go.

public typealias Activation = Edge

extension Arena {
  public func activation(_ shape: Shape, _ derivatives: Derivatives) -> Edge {
    edge(shape, derivatives)
  }
}
