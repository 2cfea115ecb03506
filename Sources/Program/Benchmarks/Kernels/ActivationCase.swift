import Kernels
import Layers
import Tensors

/// The elementwise loops of one block by themselves, as a network of so many samples has them, on
/// noise.
final class ActivationCase {
  private let loop: AffineActivation
  private let output: Edge
  private let slices: Slices
  private let channelSums: UnsafeMutableBufferPointer<Double>
  private let arena: Arena
  private let samples: Int
  private let norms: Int

  init(
    _ sum: NetworkInventory.Sum, _ function: ActivationFunction, samples: Int, slices: Slices,
    derivatives: Derivatives
  ) throws {
    self.samples = samples
    self.slices = slices
    norms = sum.norms
    let shape = Shape(
      samples: samples, height: sum.height, width: sum.width, channels: sum.channels)
    let (plan, arena) = try Arena.plan { arena in
      func summand(_ role: AffinePerChannel.Role) -> AffineActivation.Summand {
        AffineActivation.Summand(
          arena.edge(shape, derivatives),
          AffinePerChannel(role, channels: sum.channels, arena: arena))
      }
      let first = summand(.normalized)
      let second = sum.other == .nothing ? nil : summand(sum.role)
      return (
        AffineActivation(function, first, second),
        arena.edge(shape, derivatives),
        arena.buffer(of: Double.self, count: 5 * sum.channels)
      )
    }
    (loop, output, channelSums) = plan
    self.arena = arena
    let noise = Noise()
    noise.fill(output)
    for summand in [loop.first, loop.second].compactMap({ $0 }) {
      noise.fill(summand.input)
      summand.coefficients.mean.fill(0)
      summand.coefficients.scale.fill(1)
    }
  }

  func run(_ pass: ActivationPass) {
    switch pass {
    case .statistics:
      forEachNorm { slice, input, coefficients, first, second in
        addShiftedMoments(
          of: input.value.slice(slice), shift: coefficients.mean, sum: first, squares: second)
      }
    case .forward: loop.forward(into: output.value)
    case .gradientSums:
      slices.forEach(in: samples) { slice in
        _ = loop.slice(slice).addGradientSums(
          output.gradient.slice(slice), to: AffineActivation.Sums(channelSums))
      }
    case .backward: loop.backward(output.gradient)
    case .tangentStatistics:
      forEachNorm { slice, input, coefficients, first, second in
        addNormalizedMoments(
          of: input.tangent.slice(slice), x: input.value.slice(slice), mean: coefficients.mean,
          inverseDeviation: coefficients.scale, sum: first, product: second)
      }
    case .forwardTangent: loop.forwardTangent(into: output.tangent)
    case .secondSums:
      slices.forEach(in: samples) { slice in
        _ = loop.slice(slice).addSecondSums(
          output.gradient.slice(slice), gradientTangent: output.gradientTangent.slice(slice),
          to: AffineActivation.Sums(channelSums))
      }
    case .backwardTangent:
      loop.backwardTangent(
        output.gradient, gradientTangent: output.gradientTangent, .gradientTangentAndGradient)
    case .plainForward: loop.function.forward(loop.first.input.value, into: output.value)
    case .plainBackward:
      let x = loop.first.input
      loop.function.multiplyByDerivative(x.value, output.gradient, into: x.gradient)
      _ = loop.function.betaGradient(x.value, gradient: output.gradient)
    }
  }

  private func forEachNorm(
    _ body: (
      Range<Int>, Edge, AffinePerChannel, UnsafeMutableBufferPointer<Double>,
      UnsafeMutableBufferPointer<Double>
    ) -> Void
  ) {
    let sums = AffineActivation.Sums(channelSums)
    for summand in [loop.first, loop.second].compactMap({ $0 }).prefix(norms) {
      slices.forEach(in: samples) { slice in
        body(slice, summand.input, summand.coefficients, sums.sum, sums.products.0)
      }
    }
  }
}

extension NetworkInventory.Sum {
  fileprivate var role: AffinePerChannel.Role { other == .scaled ? .scaled : .normalized }
}

/// The elementwise loops of a block.
public enum ActivationPass: String, Sendable, CaseIterable, Codable {
  /// Batch statistics of the norms' inputs.
  case statistics
  case forward
  /// Sums over the batch for the gradients of norms and β.
  case gradientSums
  case backward
  /// Batch statistics of the tangents.
  case tangentStatistics
  case forwardTangent
  case secondSums
  case backwardTangent
  /// The activation by itself, without a batch norm: not in a step, but for comparisons with other
  /// programs.
  case plainForward
  /// The backward pass of the activation by itself: gradients of its input and of β.
  case plainBackward

  static func all(
    of sum: NetworkInventory.Sum, penalizesInputGradient: Bool
  ) -> [ActivationPass] {
    let first: [ActivationPass] = [.statistics, .forward, .gradientSums, .backward]
    let tangents: [ActivationPass] =
      penalizesInputGradient
      ? [.tangentStatistics, .forwardTangent, .secondSums, .backwardTangent] : []
    return first + tangents + (sum.other == .nothing ? [.plainForward, .plainBackward] : [])
  }

  /// Whether the loop only takes sums of the batch.
  var takesStatistics: Bool {
    switch self {
    case .statistics, .gradientSums, .tangentStatistics, .secondSums: true
    case .forward, .backward, .forwardTangent, .backwardTangent: false
    case .plainForward, .plainBackward: false
    }
  }

  /// Tensors that the loop reads or writes.
  func tensors(_ sum: NetworkInventory.Sum) -> Int {
    switch self {
    case .statistics: sum.norms
    case .forward: sum.summands + 1
    case .gradientSums: sum.summands + 1
    case .backward: 2 * sum.summands + 1
    case .tangentStatistics: 2 * sum.norms
    case .forwardTangent: 2 * sum.summands + 1
    case .secondSums: 2 * sum.summands + 2
    case .backwardTangent: 4 * sum.summands + 2 - (sum.other == .scaled ? 1 : 0)
    case .plainForward: 2
    case .plainBackward: 5
    }
  }
}

extension TracedPass {
  /// The loops of a sweep; in evaluation mode none takes statistics of the batch.
  func activationPasses(_ mode: Mode) -> [ActivationPass] {
    let passes: [ActivationPass] =
      switch self {
      case .forward, .attackForward, .cureForward: [.statistics, .forward]
      case .dataBackward, .backward, .attackBackward, .cureBackward: [.gradientSums, .backward]
      case .forwardTangent, .cureForwardTangent: [.tangentStatistics, .forwardTangent]
      case .backwardTangent, .cureBackwardTangent: [.secondSums, .backwardTangent]
      case .refresh, .attackMoves, .cureDifference, .loss, .reduce, .pullBack, .update: []
      }
    return passes.filter { mode == .training || !$0.takesStatistics }
  }

  /// The loops that recompute activations of earlier sweeps.
  var recomputation: [ActivationPass] {
    switch self {
    case .backward: [.forward]
    case .backwardTangent, .cureBackwardTangent: [.forward, .forwardTangent]
    default: []
    }
  }
}
