import Kernels
import RandomNumbers
import Recipes
import Robustness
import TestSupport
import Testing

/// Certified norms against LAPACK's singular values of the dense operators.
@Suite struct CertifiedNormTests {
  /// Largest excess of the certified norm over the circular operator's.
  private static let excess = 0.05

  /// Sizes of input, channels, kernel, stride and padding.
  struct Case: CustomTestStringConvertible, Sendable {
    let geometry: ConvolutionGeometry

    init(
      _ height: Int, _ width: Int, _ inputs: Int, _ outputs: Int, kernel: Int, stride: Int,
      padding: Int
    ) {
      geometry = ConvolutionGeometry(
        inputHeight: height, inputWidth: width, inputChannels: inputs, outputChannels: outputs,
        kernelHeight: kernel, kernelWidth: kernel, stride: stride, padding: padding)
    }

    var testDescription: String {
      let g = geometry
      return "\(g.inputHeight)×\(g.inputWidth), \(g.inputChannels)→\(g.outputChannels), kernel "
        + "\(g.kernelHeight), stride \(g.stride), padding \(g.padding)"
    }

    var weightCount: Int { geometry.patch * geometry.outputChannels }

    static let all = [
      Case(8, 8, 3, 5, kernel: 3, stride: 1, padding: 1),
      Case(8, 8, 5, 3, kernel: 3, stride: 1, padding: 1),
      Case(7, 5, 4, 4, kernel: 3, stride: 1, padding: 1),
      Case(8, 8, 3, 6, kernel: 3, stride: 2, padding: 1),
      Case(7, 6, 4, 3, kernel: 3, stride: 2, padding: 1),
      Case(7, 7, 2, 30, kernel: 3, stride: 2, padding: 1),
      Case(8, 8, 3, 7, kernel: 1, stride: 2, padding: 0),
      Case(6, 6, 4, 4, kernel: 1, stride: 1, padding: 0),
      Case(6, 6, 2, 3, kernel: 5, stride: 1, padding: 2),
      Case(9, 9, 2, 3, kernel: 5, stride: 3, padding: 2),
      Case(6, 6, 3, 2, kernel: 2, stride: 1, padding: 0),
      Case(2, 2, 4, 4, kernel: 3, stride: 2, padding: 1),
      Case(1, 1, 5, 4, kernel: 3, stride: 1, padding: 1),
      Case(4, 4, 3, 10, kernel: 4, stride: 1, padding: 0),
    ]
  }

  private func check(_ geometry: ConvolutionGeometry, _ weight: [Double], _ what: String) throws {
    let certified = try CertifiedNorm.upperBound(geometry, weight: weight)
    let zeroPadded = DenseAlgebra.largestSingularValue(DenseOperator.zeroPadded(geometry, weight))
    let circular = DenseAlgebra.largestSingularValue(DenseOperator.circular(geometry, weight))
    let estimate = try ZeroPaddedNorm.estimate(geometry, weight: weight)
    #expect(certified >= zeroPadded, "\(what)")
    // LAPACK's own rounding.
    #expect(certified >= circular * (1 - 1e-12), "\(what)")
    #expect(certified <= (1 + Self.excess) * circular, "\(what)")
    // Float32 products, and an iteration that has not quite ended.
    #expect(estimate <= (1 + 1e-5) * zeroPadded && estimate >= 0.95 * zeroPadded, "\(what)")
  }

  private func random(_ count: Int, seed: UInt64) -> [Double] {
    var generator = KeyedGenerator(seed: seed, purpose: .synthetic)
    return (0..<count).map { _ in generator.normal() }
  }

  @Test("random kernels: above the zero-padded norm, near the circular one", arguments: Case.all)
  func randomKernels(_ shape: Case) throws {
    for seed in 1...2 {
      let weight = random(shape.weightCount, seed: UInt64(seed))
      try check(shape.geometry, weight, shape.testDescription)
    }
  }

  @Test("kernels of one sign or one rank, whose norm lies at frequency zero", arguments: Case.all)
  func structuredKernels(_ shape: Case) throws {
    let ones = [Double](repeating: 0.7, count: shape.weightCount)
    try check(shape.geometry, ones, "\(shape.testDescription), constant")
    let outputs = shape.geometry.outputChannels
    let column = random(shape.geometry.patch, seed: 3)
    let row = random(outputs, seed: 4)
    try check(
      shape.geometry, column.flatMap { value in row.map { value * $0 } },
      "\(shape.testDescription), rank one")
  }

  @Test("trained kernels with their batch norms", arguments: [Recipe.Variant.lcnn, .standard])
  func trainedKernels(_ variant: Recipe.Variant) throws {
    let trained = try TrainedNetwork { $0.variant = variant }
    for map in EvaluationNetwork(trained.model).affineMaps {
      try check(map.geometry, map.weight(), "\(variant), \(map.geometry.outputChannels) channels")
    }
  }

  @Test("all singular values equal, the slowest to converge, stay within 1 % from above")
  func isometry() throws {
    let n = 96
    let geometry = Case(1, 1, n, n, kernel: 1, stride: 1, padding: 0).geometry
    let identity = (0..<n * n).map { $0 / n == $0 % n ? 3.0 : 0 }
    let certified = try CertifiedNorm.upperBound(geometry, weight: identity)
    #expect(certified >= 3 && certified <= 3 * 1.01 + 1e-9, "\(certified)")
  }

  @Test("a zero kernel has norm 0, tiny and huge ones no overflow")
  func extremes() throws {
    let shape = Case(4, 4, 2, 3, kernel: 3, stride: 1, padding: 1)
    let zero = [Double](repeating: 0, count: shape.weightCount)
    #expect(try CertifiedNorm.upperBound(shape.geometry, weight: zero) == 0)
    #expect(try ZeroPaddedNorm.estimate(shape.geometry, weight: zero) == 0)
    let weight = random(shape.weightCount, seed: 5)
    let norm = try CertifiedNorm.upperBound(shape.geometry, weight: weight)
    for factor in [1e-37, 1e37] {
      let scaled = try CertifiedNorm.upperBound(shape.geometry, weight: weight.map { $0 * factor })
      #expect(abs(scaled / (factor * norm) - 1) < 0.01, "\(factor)")
    }
  }
}
