import Kernels
import Layers
import MessagePassing
import Networks
import Tensors

/// Measures ``KernelTimes`` of a recipe's network.
public struct KernelBenchmark {
  private let subject: BenchmarkSubject
  private let effort: Effort

  public init(_ subject: BenchmarkSubject, _ effort: Effort) {
    self.subject = subject
    self.effort = effort
  }

  /// No collectives: each rank measures for itself.
  ///
  /// - Parameter note: is told of the next group of kernels.
  public func run(note: (String) -> Void) throws -> KernelTimes {
    let model = try Model(
      subject.architecture,
      ModelConfiguration(.training, maximumSamples: 1, slices: subject.slices),
      communicator: SoloCommunicator())
    model.initialize(seed: subject.recipe.seed)
    let inventory = NetworkInventory(model)
    note("convolutions")
    let convolutions = try counted(inventory.blocks.flatMap(\.convolutions)).map(convolution)
    note("elementwise loops")
    let activations = try counted(inventory.blocks.flatMap(\.sums)).map(activation)
    let poolings = try counted(inventory.blocks.flatMap(\.poolings)).map(pooling)
    note("weights")
    return KernelTimes(
      samples: subject.samples, precision: subject.recipe.productPrecision,
      convolutions: convolutions, activations: activations,
      poolings: poolings, weights: weights(model))
  }

  /// The different elements in the order of their first appearance, with their counts.
  private func counted<Element: Hashable>(_ elements: [Element]) -> [(Element, Int)] {
    var counts: [Element: Int] = [:]
    var order: [Element] = []
    for element in elements {
      if counts[element] == nil { order.append(element) }
      counts[element, default: 0] += 1
    }
    return order.map { ($0, counts[$0] ?? 0) }
  }

  private func convolution(
    _ geometry: ConvolutionGeometry, count: Int
  ) throws -> KernelTimes.Convolution {
    func build(_ algorithm: Convolution2D.Algorithm) throws -> ConvolutionCase {
      try ConvolutionCase(
        geometry, samples: subject.samples, slices: subject.slices,
        derivatives: subject.derivatives, algorithm: algorithm,
        precision: subject.recipe.productPrecision)
    }
    let passes = ConvolutionPass.all(penalizesInputGradient: subject.penalizesInputGradient)
    let isWinograd = WinogradConvolution.isProfitable(for: geometry)
    let lowered = isWinograd ? try times(of: passes, build(.lowered)) : [:]
    let fastest = try times(of: passes, build(.fastest))
    let winograd =
      isWinograd
      ? try WinogradCase(
        geometry, samples: subject.samples, precision: subject.recipe.productPrecision) : nil
    let products = winograd.map(productTimes) ?? [:]
    let product = Work.product(geometry, samples: subject.samples)
    return KernelTimes.Convolution(
      kernel: geometry.kernelHeight, stride: geometry.stride,
      inputChannels: geometry.inputChannels, outputChannels: geometry.outputChannels,
      outputHeight: geometry.outputHeight, outputWidth: geometry.outputWidth, count: count,
      isWinograd: isWinograd,
      weightTransforms: winograd.map { winograd in
        effort.median { winograd.transformWeights() }
      } ?? 0,
      passes: passes.map { pass in
        KernelTimes.Convolution.Pass(
          pass: pass, seconds: fastest[pass] ?? 0,
          operations: Double(pass.products) * product.operations,
          bytes: Double(pass.products) * product.bytes, lowered: lowered[pass],
          products: winograd.map { winograd in
            KernelTimes.Convolution.Products(
              seconds: pass.winogradProducts.reduce(0) { $0 + (products[$1] ?? 0) },
              operations: Double(pass.winogradProducts.count) * winograd.operations)
          })
      })
  }

  private func times(
    of passes: [ConvolutionPass], _ convolution: ConvolutionCase
  ) -> [ConvolutionPass: Double] {
    Dictionary(
      uniqueKeysWithValues: passes.map { pass in
        (pass, effort.median { convolution.run(pass) })
      })
  }

  private func productTimes(
    _ winograd: WinogradCase
  ) -> [WinogradConvolution.ProductPass: Double] {
    Dictionary(
      uniqueKeysWithValues: [.forward, .dataGradient, .weightGradient].map {
        (pass: WinogradConvolution.ProductPass) in
        (pass, effort.median { winograd.multiply(pass) })
      })
  }

  private func activation(
    _ sum: NetworkInventory.Sum, count: Int
  ) throws -> KernelTimes.Activation {
    let loops = try ActivationCase(
      sum, subject.activation, samples: subject.samples, slices: subject.slices,
      derivatives: subject.derivatives)
    let passes = ActivationPass.all(of: sum, penalizesInputGradient: subject.penalizesInputGradient)
    return KernelTimes.Activation(
      height: sum.height, width: sum.width, channels: sum.channels, other: sum.other,
      count: count,
      passes: passes.map { pass in
        KernelTimes.Activation.Pass(
          pass: pass, seconds: effort.median { loops.run(pass) },
          bytes: Work.elementwise(
            tensors: pass.tensors(sum), elements: subject.samples * sum.elements
          ).bytes)
      })
  }

  private func pooling(
    _ pooling: NetworkInventory.Pooling, count: Int
  ) throws -> KernelTimes.Pooling {
    let layer = try PoolingCase(pooling, samples: subject.samples)
    return KernelTimes.Pooling(
      kind: pooling.kind, height: pooling.input.height, width: pooling.input.width,
      channels: pooling.input.channels, count: count,
      forward: effort.median { layer.forward() }, backward: effort.median { layer.backward() },
      bytes: Work.elementwise(
        tensors: 1, elements: subject.samples * (pooling.input.count + pooling.output.count)
      ).bytes)
  }

  private func weights(_ model: Model) -> KernelTimes.Weights {
    let optimizer = subject.recipe.optimizer
    return KernelTimes.Weights(
      parameters: model.flatParameters.count, refresh: effort.median { model.refresh(.training) },
      pullBack: effort.median { model.pullBack() },
      update: effort.median { model.update { optimizer.update($0.parameter, learningRate: 0) } })
  }
}

extension ConvolutionPass {
  /// The matrix products of Winograd's algorithm in a pass.
  fileprivate var winogradProducts: [WinogradConvolution.ProductPass] {
    switch self {
    case .forward: [.forward]
    case .dataGradient: [.dataGradient]
    case .weightGradient: [.weightGradient]
    case .bothGradients: [.dataGradient, .weightGradient]
    case .weightGradientTangent: [.weightGradient, .weightGradient]
    case .gradientTangents: [.dataGradient, .weightGradient, .weightGradient]
    }
  }
}
