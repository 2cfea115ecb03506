import CKernels
import Tensors

/// v ← momentum·v + (gradient + weightDecay·w); w ← w − learningRate·v.
///
/// w is the value, v the momentum buffer. One pass; reads `gradient`, reads and writes `value` and
/// `momentumBuffer`, all of one shape.
public func updateWithMomentum(
  value: Tensor, gradient: Tensor, momentumBuffer: Tensor, learningRate: Float, momentum: Float,
  weightDecay: Float
) {
  let count = elementCount(value, gradient, momentumBuffer)
  ck_momentum_update(
    count, value.pointer, gradient.pointer, momentumBuffer.pointer, learningRate, momentum,
    weightDecay)
}
