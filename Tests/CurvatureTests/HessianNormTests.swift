import Curvature
import TestSupport
import Testing

/// Power and Lanczos iteration against every eigenvalue of the dense input Hessian, by LAPACK.
@Suite struct HessianNormTests {
  /// Relative tolerance of ‖H‖: products in single precision are off by some 1e-6.
  static let tolerance = 1e-4

  @Test(
    "power iteration finds the norms of the dense Hessian", arguments: SmallNetwork.allCases,
    ScalarFunction.allCases)
  func power(network: SmallNetwork, function: ScalarFunction) throws {
    let curvature = try CurvatureCase(network, of: function)
    let samples = try curvature.measure(
      from: curvature.directions(seed: 9), .power(iterations: 1000, tolerance: 1e-9))
    for (sample, eigenvalues) in zip(samples, curvature.denseEigenvalues()) {
      let largest = max(-eigenvalues[0], eigenvalues[eigenvalues.count - 1])
      #expect(largest > 0)
      #expect(abs(sample.hessianNorm - largest) < Self.tolerance * largest)
    }
  }

  @Test(
    "Lanczos finds both ends of the dense spectrum with their signs",
    arguments: SmallNetwork.allCases, ScalarFunction.allCases)
  func lanczos(network: SmallNetwork, function: ScalarFunction) throws {
    let curvature = try CurvatureCase(network, of: function)
    let samples = try curvature.measure(
      from: curvature.directions(seed: 9), .lanczos(iterations: 1000, tolerance: 1e-4))
    for (sample, eigenvalues) in zip(samples, curvature.denseEigenvalues()) {
      let (low, high) = (eigenvalues[0], eigenvalues[eigenvalues.count - 1])
      let extremes = try #require(sample.hessian.extremes)
      let norm = max(-low, high)
      #expect(abs(extremes.smallest - low) < Self.tolerance * norm)
      #expect(abs(extremes.largest - high) < Self.tolerance * norm)
      #expect(abs(sample.hessianNorm - norm) < Self.tolerance * norm)
      #expect(sample.hessian.isConverged == true)
      #expect(sample.hessian.products <= eigenvalues.count)
    }
  }

  @Test(
    "the default estimator's mean norm is within 0.2 % of the dense Hessians', and never above a norm",
    arguments: SmallNetwork.allCases)
  func standard(network: SmallNetwork) throws {
    let curvature = try CurvatureCase(network)
    let samples = try curvature.measure(from: curvature.directions(seed: 5), .standard)
    let norms = curvature.denseEigenvalues().map { max(-$0[0], $0[$0.count - 1]) }
    for (sample, norm) in zip(samples, norms) {
      #expect(sample.hessianNorm <= (1 + Self.tolerance) * norm)
    }
    let shortfall = 1 - samples.map(\.hessianNorm).reduce(0, +) / norms.reduce(0, +)
    #expect(shortfall < 2e-3)
  }

  @Test("an eigenvalue lies within the residual of the estimate")
  func residual() throws {
    let curvature = try CurvatureCase(.resNetLowCurvature)
    let dense = curvature.denseEigenvalues()
    for products in [1, 2, 5, 10] {
      let samples = try curvature.measure(
        from: curvature.directions(seed: 3), .power(iterations: products, tolerance: 0))
      for (sample, eigenvalues) in zip(samples, dense) {
        let hessian = sample.hessian
        let nearest = eigenvalues.map { abs($0 - hessian.eigenvalue) }.min() ?? .infinity
        #expect(nearest <= (hessian.residual + Self.tolerance) * hessian.norm)
        #expect(hessian.norm <= (1 + Self.tolerance) * max(-eigenvalues[0], eigenvalues.last ?? 0))
        #expect(hessian.isConverged == false && hessian.products == products)
      }
    }
  }

  @Test("a sample's estimate does not depend on the other samples")
  func alone() throws {
    let curvature = try CurvatureCase(.resNetStandard)
    let directions = curvature.directions(seed: 4)
    let together = try curvature.measure(from: directions, .power(iterations: 100, tolerance: 1e-3))
    #expect(Set(together.map(\.hessian.products)).count > 1, "all converged at once")
    for (sample, estimate) in together.enumerated() {
      let alone = try curvature.measure(
        from: directions, .power(iterations: estimate.hessian.products, tolerance: 0))
      #expect(alone[sample].hessian.norm == estimate.hessian.norm)
      #expect(alone[sample].hessian.residual == estimate.hessian.residual)
    }
  }
}
