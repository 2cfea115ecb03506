import Failures
import Layers
import RandomNumbers
import Tensors

#if canImport(Glibc)
  import Glibc
#endif

extension Model {
  /// The initial β = 5 and γ = 10 are those of the reference.
  private static let initialBeta: Float = 5
  private static let initialGamma: Float = 10

  /// Sets initial values: weights and biases uniform in ±1/√(fan in), PyTorch's default; running
  /// mean 0 and variance 1; power-iteration vectors from a normal distribution and 15 iterations.
  ///
  /// The random numbers of a tensor are keyed by the seed and its place in the network, so they are
  /// the same on every rank. Only one of the ranks that share the parameters calls it.
  public func initialize(seed: UInt64) {
    for (ordinal, parameter) in parameters.reversed().enumerated() {
      var generator = KeyedGenerator(
        seed: seed, purpose: .initialization, a: UInt64(ordinal), b: 0)
      switch parameter.kind {
      case .weight, .bias:
        let bound = 1 / Double(fanIn(of: parameter)).squareRoot()
        for index in 0..<parameter.shape.count {
          parameter.value[index] = Float(bound * (2 * generator.uniform() - 1))
        }
      case .logBeta:
        parameter.value.fill(log(Model.initialBeta))
      case .logLipschitz:
        parameter.value.fill(log(Model.initialGamma))
      }
    }
    for tensor in chain.state { tensor.tensor.fill(tensor.name.hasSuffix("running_var") ? 1 : 0) }
    for (ordinal, reparameterization) in reparameterizations.enumerated() {
      guard let norm = reparameterization as? SpectralNorm else { continue }
      for (index, vector) in [norm.u, norm.v].enumerated() {
        var generator = KeyedGenerator(
          seed: seed, purpose: .powerIteration, a: UInt64(ordinal), b: UInt64(index))
        generator.fillNormal(vector.buffer, standardDeviation: 1)
      }
      norm.initialize()
    }
    if momentumBuffers.isPresent { momentumBuffers.fill(0) }
  }

  /// The number of inputs of one output of a weight, or of the weight that belongs to a bias.
  private func fanIn(of parameter: Parameter) -> Int {
    if parameter.kind == .weight { return parameter.shape.count / parameter.shape[3] }
    guard let index = parameters.firstIndex(where: { $0 === parameter }),
      let weight = parameters[index...].first(where: { $0.kind == .weight })
    else { unreachable("\(parameter.names[0]) has no weight beside it") }
    return weight.shape.count / weight.shape[3]
  }
}
