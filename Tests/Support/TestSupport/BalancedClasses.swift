import Layers
import Networks

extension Model {
  /// Moves the last layer's bias so that a grey image has equal logits: labels then differ between random images,
  /// and small changes of an image change them.
  public func balanceClasses() {
    guard let last = chain.layers.last as? Convolution2D, let bias = last.bias else { return }
    refresh(.evaluation)
    input.value.fill(0.5)
    forward(1, mode: .evaluation)
    for index in 0..<bias.value.count { bias.value[index] -= logits.value[index] }
    refresh(.evaluation)
  }
}
