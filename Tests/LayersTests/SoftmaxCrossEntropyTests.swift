import Foundation
import Layers
import RandomNumbers
import Tensors
import Testing

@Suite struct SoftmaxCrossEntropyTests {
  /// Exponentials and results are rounded to `Float`, each by 2⁻²⁴ at most; the rest is in double.
  static let rounding = 2 * 0x1p-24 * 1.01
  /// What is smaller may be flushed to zero.
  static let flushed = Double(Float.leastNormalMagnitude)

  private func edge(_ logits: [Float], classes: Int) throws -> (Edge, Arena) {
    let (edge, arena) = try Arena.plan {
      $0.edge([logits.count / classes, 1, 1, classes], .second)
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
    #expect(abs(result.loss - 2 * log(4)) < 1e-15)
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

  @Test(
    "a logit that is no finite number shows in the loss",
    arguments: [[1, .nan, 0], [.nan, 1, 0], [.infinity, 0, 1], [0, 1, .infinity]] as [[Float]])
  func notFinite(logits: [Float]) throws {
    for label: Int32 in 0..<3 {
      let (edge, arena) = try edge(logits, classes: 3)
      let loss = [label].withUnsafeBufferPointer {
        SoftmaxCrossEntropy().forward(edge, labels: $0, scale: 1).loss
      }
      #expect(!loss.isFinite && edge.gradient.buffer.contains { !$0.isFinite }, "label \(label)")
      withExtendedLifetime(arena) {}
    }
  }

  /// The largest logit lies above all others by at least `margin`; its class is the label or not.
  struct Case: Sendable, CustomTestStringConvertible {
    let classes: Int
    let margin: Float
    let isRight: Bool
    var testDescription: String {
      "\(classes) classes, margin \(margin), \(isRight ? "right" : "wrong")"
    }

    static let all = [2, 10, 100].flatMap { classes in
      ([0, 1, 5, 10, 15, 20, 30, 40] as [Float]).flatMap { margin in
        [true, false].map { Case(classes: classes, margin: margin, isRight: $0) }
      }
    }
  }

  @Test(
    "loss, gradient and tangent of every class are those of double precision", arguments: Case.all)
  func oracle(example: Case) throws {
    let (samples, classes) = (50, example.classes)
    var generator = KeyedGenerator(seed: UInt64(classes), purpose: .synthetic)
    var logits = (0..<samples * classes).map { _ in 20 * Float(generator.normal()) }
    let tangents = logits.map { _ in Float(generator.normal()) }
    let labels = (0..<samples).map { sample in
      let rows = sample * classes..<(sample + 1) * classes
      let winner = generator.integer(below: classes)
      logits[rows.lowerBound + winner] = (logits[rows].max() ?? 0) + example.margin
      return Int32(example.isRight ? winner : (winner + 1) % classes)
    }
    let (edge, arena) = try edge(logits, classes: classes)
    edge.tangent.pointer.update(from: tangents, count: tangents.count)
    let loss = SoftmaxCrossEntropy()
    for (sample, label) in labels.enumerated() {
      let one = edge.slice(sample..<sample + 1)
      let result = [label].withUnsafeBufferPointer { loss.forward(one, labels: $0, scale: 0.5) }
      loss.tangent(one, scale: 0.5)
      let z = one.value.buffer.map { Double($0) }
      let tangent = one.tangent.buffer.map { Double($0) }
      let label = Int(label)
      // Every sum is over terms of one sign.
      let p = z.map { one in 1 / z.reduce(0) { $0 + exp($1 - one) } }
      let others = z.indices.filter { $0 != label }
      let expected =
        p[label] > 0.5
        ? log1p(others.reduce(0) { $0 + exp(z[$1] - z[label]) }) : -log(p[label])
      #expect(abs(result.loss - expected) <= 1e-13 * expected, "\(result.loss) \(expected)")
      for j in z.indices {
        let slope = j == label ? -others.reduce(0) { $0 + p[$1] } : p[j]
        let found = Double(one.gradient.buffer[j])
        #expect(
          abs(found - 0.5 * slope) <= Self.rounding * abs(slope) + Self.flushed, "class \(j)")
        let (bend, magnitude) = z.indices.reduce((0, 0)) { sums, k in
          let term = p[j] * p[k] * (tangent[j] - tangent[k])
          return (sums.0 + term, sums.1 + abs(term))
        }
        let change = Double(one.gradientTangent.buffer[j])
        // The exponentials enter twice, by p_j and by the mean.
        #expect(
          abs(change - 0.5 * bend) <= 1.5 * Self.rounding * magnitude + Self.flushed, "class \(j)")
      }
    }
    withExtendedLifetime(arena) {}
  }
}
