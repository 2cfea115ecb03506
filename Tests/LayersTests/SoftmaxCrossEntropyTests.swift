import Layers
import Tensors
import Testing

@Suite struct SoftmaxCrossEntropyTests {
  private func edge(_ logits: [Float], classes: Int) throws -> (Activation, Arena) {
    let (edge, arena) = try Arena.plan {
      $0.activation([logits.count / classes, 1, 1, classes], .second)
    }
    edge.value.pointer.update(from: logits, count: logits.count)
    return (edge, arena)
  }

  @Test("equal logits lose log(classes), and the first class is the prediction")
  func uniform() throws {
    let (edge, arena) = try edge([Float](repeating: 3, count: 8), classes: 4)
    let labels: [Int32] = [0, 2]
    let result = labels.withUnsafeBufferPointer {
      SoftmaxCrossEntropy().forward(edge, labels: $0, scale: 0.5)
    }
    #expect(abs(result.loss - 2 * 1.3862943611) < 1e-6)
    #expect(result.correct == 1)
    let expected: [Float] = [-0.375, 0.125, 0.125, 0.125, 0.125, 0.125, -0.375, 0.125]
    for (found, target) in zip(edge.gradient.buffer, expected) {
      #expect(abs(found - target) < 1e-7)
    }
    withExtendedLifetime(arena) {}
  }

  @Test("large logits neither overflow nor lose the gradient")
  func largeLogits() throws {
    let (edge, arena) = try edge([1000, -1000, 0], classes: 3)
    let labels: [Int32] = [1]
    let result = labels.withUnsafeBufferPointer {
      SoftmaxCrossEntropy().forward(edge, labels: $0, scale: 1)
    }
    #expect(result.loss == 2000)
    #expect(Array(edge.gradient.buffer) == [1, -1, 0])
    withExtendedLifetime(arena) {}
  }
}
