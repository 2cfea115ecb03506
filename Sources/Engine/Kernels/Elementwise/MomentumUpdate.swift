import CKernels
import Tensors

/// v ← momentum·v + (gradient + weightDecay·w); w ← w − learningRate·v.
///
/// w is the value, v the velocity. One pass; reads `gradient`, reads and writes `value` and `velocity`, all of one shape.
public func updateWithMomentum(
  value: Tensor, gradient: Tensor, velocity: Tensor, learningRate: Float, momentum: Float,
  weightDecay: Float
) {
  let count = elementCount(value, gradient, velocity)
  ck_momentum_update(
    count, value.pointer, gradient.pointer, velocity.pointer, learningRate, momentum, weightDecay)
}
