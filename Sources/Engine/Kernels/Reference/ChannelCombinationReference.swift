import Tensors

/// The plain twin of the channel combinations: Σ matrix·coefficient + offset, in double.
package struct ChannelCombinationReference {
  /// Activations and their coefficients, [channels].
  package typealias Term = (matrix: Tensor, coefficient: Tensor)

  package let center: Tensor
  /// The terms; the first one is centered.
  package let terms: [Term]
  package let offset: Tensor

  package init(center: Tensor, terms: [Term], offset: Tensor) {
    self.center = center
    self.terms = terms
    self.offset = offset
  }

  /// The element at a flat index.
  package func element(_ index: Int) -> Double {
    let channel = index % offset.count
    var sum = Double(offset[channel])
    for (position, term) in terms.enumerated() {
      let centered = position == 0 ? Double(center[channel]) : 0
      sum += (Double(term.matrix[index]) - centered) * Double(term.coefficient[channel])
    }
    return sum
  }
}
