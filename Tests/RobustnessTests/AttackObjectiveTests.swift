import Foundation
import Robustness
import Testing

@Suite struct AttackObjectiveTests {
  static let logits: [[Float]] = [
    [1, -2, 0.5, 3, 2.5], [0, 0.1, 0.2, 0.3, 0.4], [12, -3, 11, 10.5, -8], [-1, 2, 0, 1, 1.5],
  ]

  private func evaluate(
    _ z: [Float],
    _ objective: (UnsafeBufferPointer<Float>, UnsafeMutableBufferPointer<Float>) -> Double
  ) -> (value: Double, gradient: [Float]) {
    var gradient = [Float](repeating: .nan, count: z.count)
    let value = z.withUnsafeBufferPointer { z in
      gradient.withUnsafeMutableBufferPointer { objective(z, $0) }
    }
    return (value, gradient)
  }

  /// Central differences of an objective along each logit.
  private func slopes(_ z: [Float], _ value: ([Float]) -> Double) -> [Double] {
    let step: Float = 1.0 / 1024
    return z.indices.map { index in
      var (above, below) = (z, z)
      above[index] += step
      below[index] -= step
      return (value(above) - value(below)) / Double(above[index] - below[index])
    }
  }

  @Test("the difference of logits ratio is the plain formula", arguments: logits)
  func ratio(z: [Float]) {
    let sorted = z.map(Double.init).sorted(by: >)
    for label in z.indices {
      for target in z.indices where target != label {
        func value(_ z: [Float]) -> Double {
          evaluate(z) {
            AttackObjective.targetedRatio($0, label: label, target: target, gradient: $1)
          }.value
        }
        let found = evaluate(z) {
          AttackObjective.targetedRatio($0, label: label, target: target, gradient: $1)
        }
        let expected =
          -(Double(z[label]) - Double(z[target])) / (sorted[0] - (sorted[2] + sorted[3]) / 2)
        #expect(abs(found.value - expected) < 1e-9 * max(1, abs(expected)))
        for (gradient, slope) in zip(found.gradient, slopes(z, value)) {
          // Central differences of a rational function with a step of 1e-3.
          #expect(
            abs(Double(gradient) - slope) < 2e-4 * max(1, abs(slope)), "\(z) \(label) \(target)")
        }
      }
    }
  }

  @Test("the ratio does not change when logits are scaled or shifted", arguments: logits)
  func invariant(z: [Float]) {
    func value(_ z: [Float]) -> Double {
      evaluate(z) { AttackObjective.targetedRatio($0, label: 0, target: 3, gradient: $1) }.value
    }
    let original = value(z)
    #expect(abs(value(z.map { 64 * $0 }) - original) < 1e-9)
    #expect(abs(value(z.map { $0 + 16 }) - original) < 1e-4)
  }

  @Test("with three classes the ratio is the targeted margin")
  func threeClasses() {
    let found = evaluate([1, 3, -2]) {
      AttackObjective.targetedRatio($0, label: 1, target: 2, gradient: $1)
    }
    #expect(found.value == -5 && found.gradient == [0, -1, 1])
  }

  @Test("the cross-entropy is the plain formula, with its gradient", arguments: logits)
  func crossEntropy(z: [Float]) {
    for label in z.indices {
      func plain(_ z: [Float]) -> Double {
        log(z.reduce(0) { $0 + exp(Double($1)) }) - Double(z[label])
      }
      let found = evaluate(z) { AttackObjective.crossEntropy($0, label: label, gradient: $1) }
      #expect(abs(found.value - plain(z)) < 1e-9)
      for (gradient, slope) in zip(found.gradient, slopes(z, plain)) {
        #expect(abs(Double(gradient) - slope) < 1e-6)
      }
    }
  }

  @Test("the gradient of an almost certain class is small, not zero")
  func certain() {
    let found = evaluate([40, 0, 0]) {
      AttackObjective.crossEntropy($0, label: 0, gradient: $1)
    }
    let other = exp(-40.0)
    #expect(abs(found.value - 2 * other) < 1e-6 * other)
    #expect(abs(Double(found.gradient[0]) + 2 * other) < 1e-6 * other)
    #expect(found.gradient[1] > 0)
  }
}
