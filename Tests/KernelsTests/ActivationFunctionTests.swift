import Kernels
import Tensors
import Testing

@Suite struct ActivationFunctionTests {
  let source = TensorSource()
  /// The bound that the documentation of ``ActivationFunction`` states, times max(1, |value|).
  let accuracy = 2e-6

  struct Case: CustomTestStringConvertible, Sendable {
    let function: ActivationFunction
    var reference: ActivationFunctionReference { ActivationFunctionReference(function) }
    var testDescription: String { "\(function.form), β = \(function.beta)" }
  }

  static let softpluses: [Case] = [0.05, 1, 5, 10, 1000].flatMap { beta in
    [Case(function: .centeredSoftplus(beta: beta)), Case(function: .softplus(beta: beta))]
  }
  static let cases: [Case] =
    softpluses + [.relu, .gelu, .silu].map { Case(function: $0) }

  /// [−100, 100] evenly, and points that crowd around 0 from both sides.
  private var points: Tensor {
    let half = 4001
    return source.filled([2 * half]) { index in
      let part = Float(index % half) / Float(half - 1) * 2 - 1
      return index < half ? 100 * part : 4 * part * part * part * part * part
    }
  }

  /// The largest error in units of max(1, |value|).
  private func error(of found: Tensor, at x: Tensor, _ exact: (Double) -> Double) -> Double {
    var largest = 0.0
    for index in 0..<x.count {
      let value = exact(Double(x[index]))
      let error = abs(Double(found[index]) - value) / max(1, abs(value))
      if !(error <= largest) { largest = error }
    }
    return largest
  }

  @Test("values are as accurate as documented", arguments: cases)
  func values(_ example: Case) {
    let x = points
    let y = source.unset(x.shape)
    example.function.forward(x, into: y)
    let error = error(of: y, at: x) { example.reference.value($0) }
    #expect(error <= accuracy)
  }

  @Test("both derivatives are as accurate as documented", arguments: cases)
  func derivatives(_ example: Case) {
    let x = points
    let one = source.filled(x.shape) { _ in 1 }
    let zero = source.filled(x.shape) { _ in 0 }
    let found = source.unset(x.shape)
    example.function.multiplyByDerivative(x, one, into: found)
    #expect(error(of: found, at: x) { example.reference.derivative($0) } <= accuracy)
    example.function.backwardTangent(
      x, tangent: one, gradient: one, gradientTangent: zero, into: found)
    #expect(error(of: found, at: x) { example.reference.secondDerivative($0) } <= accuracy)
    example.function.backwardTangent(
      x, tangent: zero, gradient: one, gradientTangent: one, into: found)
    #expect(error(of: found, at: x) { example.reference.derivative($0) } <= accuracy)
  }

  @Test("both derivatives by β are as accurate as documented", arguments: cases)
  func betaDerivatives(_ example: Case) {
    let x = points
    let one = source.filled([1]) { _ in 1 }
    let zero = source.filled([1]) { _ in 0 }
    let first = source.unset(x.shape)
    let second = source.unset(x.shape)
    for index in 0..<x.count {
      let element = x.slice(index..<index + 1)
      first[index] = Float(example.function.betaGradient(element, gradient: one))
      second[index] = Float(
        example.function.betaGradientTangent(
          element, tangent: one, gradient: one, gradientTangent: zero))
    }
    let firstError = error(of: first, at: x) { example.reference.betaDerivative($0) }
    let secondError = error(of: second, at: x) { example.reference.betaDerivativeOfSlope($0) }
    #expect(firstError <= accuracy)
    #expect(secondError <= accuracy)
  }

  @Test("slopes and curvatures stay below the largest ones, and come close", arguments: cases)
  func extremes(_ example: Case) {
    let scale = 1 / Double(example.function.beta)
    var (slope, curvature) = (0.0, 0.0)
    for index in -100_000...100_000 {
      let x = scale * Double(index) / 10_000
      slope = max(slope, abs(example.reference.derivative(x)))
      curvature = max(curvature, abs(example.reference.secondDerivative(x)))
    }
    #expect(slope <= example.function.largestSlope)
    #expect(slope >= 0.9999 * example.function.largestSlope)
    guard let largest = example.function.largestCurvature else {
      #expect(example.function.form == .relu)
      return
    }
    #expect(curvature <= largest && curvature >= 0.9999 * largest)
  }

  @Test("sums over many elements are those of the twin", arguments: cases, [1, 17, 1024, 2500])
  func sums(_ example: Case, count: Int) {
    let x = source.random([count], in: -3...3)
    let tangent = source.random([count])
    let gradient = source.random([count])
    let gradientTangent = source.random([count])
    var first = 0.0
    var second = 0.0
    var size = 0.0
    for index in 0..<count {
      let slope = example.reference.betaDerivative(Double(x[index]))
      let curvature =
        example.reference.betaDerivativeOfSlope(Double(x[index])) * Double(tangent[index])
      first += slope * Double(gradient[index])
      second += curvature * Double(gradient[index]) + slope * Double(gradientTangent[index])
      size += 2 * abs(slope) + 2 * abs(curvature)
    }
    let softplus = example.function
    let bound = accuracy * max(1, size)
    #expect(abs(softplus.betaGradient(x, gradient: gradient) - first) <= bound)
    let found = softplus.betaGradientTangent(
      x, tangent: tangent, gradient: gradient, gradientTangent: gradientTangent)
    #expect(abs(found - second) <= bound)
  }

  @Test(
    "every function but the plain softplus passes through 0, and NaN stays NaN", arguments: cases)
  func specialValues(_ example: Case) {
    let x = source.filled([3]) { [0, .nan, .infinity][$0] }
    let y = source.unset(x.shape)
    example.function.forward(x, into: y)
    if example.function.form != .softplus { #expect(y[0] == 0) }
    #expect(y[1].isNaN)
    #expect(y[2] == .infinity)
  }

  @Test("an element's result does not depend on its place, bit by bit", arguments: cases)
  func placement(_ example: Case) {
    let count = 131
    let operands = (0..<4).map { _ in source.random([count]) }
    let (whole, part) = (source.unset([count]), source.unset([count]))
    func run(_ range: Range<Int>, into out: Tensor) {
      let o = operands.map { $0.slice(range) }
      example.function.forward(o[0], into: out.slice(range))
      let tangent = source.unset([range.count])
      example.function.backwardTangent(
        o[0], tangent: o[1], gradient: o[2], gradientTangent: o[3], into: tangent)
      add(tangent, times: 1, into: out.slice(range))
    }
    run(0..<count, into: whole)
    for start in stride(from: 0, to: count, by: 13) {
      run(start..<min(start + 13, count), into: part)
    }
    #expect(largestDifference(part, whole) == 0)
  }

  @Test("an output may be an input")
  func inPlace() {
    let softplus = ActivationFunction.centeredSoftplus(beta: 2)
    let x = source.random([100])
    let y = source.unset(x.shape)
    softplus.forward(x, into: y)
    softplus.forward(x, into: x)
    #expect(largestDifference(x, y) == 0)
  }
}
