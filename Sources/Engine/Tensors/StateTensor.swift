/// A tensor of the state dict that is not trained: running statistics, power-iteration vectors.
public struct StateTensor {
  public let name: String
  public let tensor: Tensor
  public let layout: CheckpointLayout

  public init(name: String, tensor: Tensor, layout: CheckpointLayout) {
    self.name = name
    self.tensor = tensor
    self.layout = layout
  }
}
