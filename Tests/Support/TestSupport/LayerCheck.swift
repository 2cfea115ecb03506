import Datasets
import Layers
import MessagePassing
import RandomNumbers
import Tensors

#if canImport(Glibc)
  import Glibc
#endif

/// A layer of the table with its two edges and random contents, on one rank of several.
///
/// Every rank draws the same global batch and keeps its share, so inner products summed over ranks
/// are those of the global batch. The claims themselves are in `LayerCheck+Claims.swift`.
public final class LayerCheck {
  /// A step for central differences in float32: rounding costs about 1e-7/h, curvature about h².
  public static let step: Float = 1 / 256

  let layer: any Layer
  let x: Edge
  let y: Edge
  let layerCase: LayerCase
  let communicator: any Communicator
  let share: Range<Int>
  private let arena: Arena

  public init(
    _ layerCase: LayerCase, order: SumOrder = .fastest, communicator: any Communicator
  ) throws {
    self.layerCase = layerCase
    self.communicator = communicator
    let share = ShardedSampler.share(
      of: layerCase.input.samples, rank: communicator.rank, size: communicator.size)
    self.share = share
    let (built, arena) = try Arena.plan { arena in
      let site = LayerSite(
        communicator: communicator, maximumSamples: share.count, slices: LayerCase.slices,
        order: order, arena: arena)
      let layer = layerCase.make(site)
      for parameter in layer.parameters {
        let flat = Shape(length: parameter.shape.count)
        parameter.place(
          value: arena.tensor(flat), gradient: arena.tensor(flat), momentumBuffer: .absent(flat))
      }
      site.workspace.place(in: arena)
      return (
        layer, arena.edge(layerCase.input.withFirst(share.count), .second),
        arena.edge(layerCase.output.withFirst(share.count), .second)
      )
    }
    (layer, x, y) = built
    self.arena = arena
    fillParameters()
    fillEdges()
  }

  /// The use of a random tensor, which is the last part of its key.
  private enum Content: UInt64 {
    case value, tangent, gradient, gradientTangent, parameters
  }

  private func generator(_ content: Content, _ index: Int = 0) -> KeyedGenerator {
    KeyedGenerator(seed: 17, purpose: .probe, a: content.rawValue, b: UInt64(index))
  }

  private func fillParameters() {
    for (index, parameter) in layer.parameters.enumerated() {
      var random = generator(.parameters, index)
      switch parameter.kind {
      case .weight, .bias: random.fillNormal(parameter.value.buffer, standardDeviation: 0.4)
      case .logBeta: parameter.value.fill(log(3))
      case .logLipschitz: parameter.value.fill(log(layerCase.gamma))
      }
    }
    for (index, entry) in layer.state.enumerated() {
      var random = generator(.parameters, 100 + index)
      let isVariance = entry.name.hasSuffix("running_var")
      for element in 0..<entry.tensor.count {
        entry.tensor[element] = (isVariance ? 0.9 : -0.1) + 0.2 * Float(random.uniform())
      }
    }
    for case let norm as SpectralNorm in layer.reparameterizations {
      for (index, vector) in [norm.u, norm.v].enumerated() {
        var random = generator(.parameters, 200 + index)
        random.fillNormal(vector.buffer, standardDeviation: 1)
      }
      norm.initialize()
    }
    refresh()
  }

  private func fillEdges() {
    for (content, tensor, shape) in [
      (Content.value, x.value, layerCase.input), (.tangent, x.tangent, layerCase.input),
      (.gradient, y.gradient, layerCase.output),
      (.gradientTangent, y.gradientTangent, layerCase.output),
    ] {
      let global = globalContents(content, shape)
      let start = share.lowerBound * shape.stride
      for index in 0..<tensor.count { tensor[index] = global[start + index] }
    }
  }

  /// Distinct, equally spaced values in a random order, so that a difference step does not exchange
  /// the order of two of them; directions are shorter than values.
  private func globalContents(_ content: Content, _ shape: Shape) -> [Float] {
    var random = generator(content)
    var values = (0..<shape.count).map { 4 * Float($0) / Float(max(shape.count - 1, 1)) - 2 }
    values.shuffle(using: &random)
    return content == .value ? values : values.map { 0.25 * $0 }
  }

  /// The global batch's input, in double precision.
  var globalInput: [Double] { globalContents(.value, layerCase.input).map { Double($0) } }

  /// Reparameterisations from the present values, power iterations frozen.
  func refresh() {
    for reparameterization in layer.reparameterizations { reparameterization.refresh(.evaluation) }
    layer.refresh()
  }

  /// ⟨a, b⟩ over the global batch.
  func inner(_ a: some Sequence<Float>, _ b: some Sequence<Float>) -> Double {
    sum(zip(a, b).reduce(0.0) { $0 + Double($1.0) * Double($1.1) })
  }

  /// The sum over ranks.
  func sum(_ value: Double) -> Double {
    var values = [value]
    values.withUnsafeMutableBufferPointer { communicator.allreduce($0) }
    return values[0]
  }
}
