import Kernels
import Tensors
import Testing

@Suite struct MomentumUpdateTests {
  let source = TensorSource()
  /// Four roundings of values of size ≤ 6, each to 6e-8.
  let tolerance = 1.5e-6

  @Test("an update is the plain formula", arguments: [0, 1, 5, 16, 100, 1027])
  func update(count: Int) {
    let value = source.random([count])
    let gradient = source.random([count])
    let momentumBuffer = source.random([count])
    let (value0, momentum0) = (source.copy(value), source.copy(momentumBuffer))
    let (rate, momentum, decay): (Float, Float, Float) = (0.1, 0.9, 5e-4)
    updateWithMomentum(
      value: value, gradient: gradient, momentumBuffer: momentumBuffer, learningRate: rate,
      momentum: momentum, weightDecay: decay)
    func newMomentum(_ index: Int) -> Double {
      Double(momentum) * Double(momentum0[index])
        + (Double(gradient[index]) + Double(decay) * Double(value0[index]))
    }
    #expect(largestDifference(momentumBuffer, newMomentum) <= tolerance)
    let difference = largestDifference(value) {
      Double(value0[$0]) - Double(rate) * newMomentum($0)
    }
    #expect(difference <= tolerance)
  }
}
