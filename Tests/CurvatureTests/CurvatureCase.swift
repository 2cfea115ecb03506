import Curvature
import Datasets
import MessagePassing
import Networks
import Tensors
import TestSupport

/// A small network with fresh weights, built for curvature, with random images in its input.
struct CurvatureCase {
  static let samples = 3

  let model: Model
  let product: HessianVectorProduct
  let pixels: [Float]
  let labels: [Int32]

  init(_ network: SmallNetwork, of function: ScalarFunction = .loss) throws {
    let architecture = try network.architecture()
    model = try Model(
      architecture, ModelConfiguration(.curvature, maximumSamples: Self.samples),
      communicator: SoloCommunicator())
    model.initialize(seed: 11)
    model.refresh(.evaluation)
    product = HessianVectorProduct(model, of: function)
    let samples = RandomSamples(architecture, count: Self.samples, seed: 12)
    pixels = samples.pixels
    labels = samples.classes
    setInput(pixels)
  }

  func setInput(_ pixels: [Float]) {
    model.input.value.pointer.update(from: pixels, count: pixels.count)
  }

  /// ∇ₓf per sample, at `pixels`.
  func gradient(at pixels: [Float]) -> [Float] {
    setInput(pixels)
    labels.withUnsafeBufferPointer { product.linearize(Self.samples, labels: $0) }
    return Array(model.input.gradient.buffer)
  }

  /// H·v per sample, after `linearize`.
  func apply(_ direction: [Float]) -> [Float] {
    model.input.tangent.pointer.update(from: direction, count: direction.count)
    product.apply(Self.samples)
    return Array(model.input.gradientTangent.buffer)
  }

  /// Gradient norms and estimates at the images, iterating from `directions`.
  func measure(
    from directions: [Float], _ estimator: CurvatureEstimator
  ) throws -> [NormalizedCurvature.Sample] {
    setInput(pixels)
    model.input.tangent.pointer.update(from: directions, count: directions.count)
    let curvature = try NormalizedCurvature(
      model, of: product.gradient.function, estimator: estimator)
    return labels.withUnsafeBufferPointer { curvature.measure(Self.samples, labels: $0) }
  }

  /// Every sample's eigenvalues, ascending, of the Hessian whose columns are its products with unit
  /// vectors.
  func denseEigenvalues() -> [[Double]] {
    _ = gradient(at: pixels)
    let stride = model.input.shape.stride
    var hessians = rows.map { _ in [[Double]]() }
    for column in 0..<stride {
      var unit = [Float](repeating: 0, count: pixels.count)
      for rows in rows { unit[rows.lowerBound + column] = 1 }
      let product = apply(unit)
      for (sample, rows) in rows.enumerated() {
        hessians[sample].append(product[rows].map(Double.init))
      }
    }
    return hessians.map(DenseAlgebra.symmetricEigenvalues)
  }

  /// Random vectors of length 1 per sample.
  func directions(seed: UInt64) -> [Float] {
    var directions = RandomSamples(model.architecture, count: Self.samples, seed: seed).pixels
    for rows in rows {
      let centered = directions[rows].map { $0 - 0.5 }
      let norm = centered.reduce(0) { $0 + $1 * $1 }.squareRoot()
      for (index, value) in zip(rows, centered) { directions[index] = value / norm }
    }
    return directions
  }

  /// Each sample's pixels.
  var rows: [Range<Int>] {
    let stride = model.input.shape.stride
    return (0..<Self.samples).map { $0 * stride..<($0 + 1) * stride }
  }

  func dot(_ a: [Float], _ b: [Float], _ rows: Range<Int>) -> Double {
    rows.reduce(0) { $0 + Double(a[$1]) * Double(b[$1]) }
  }
}
