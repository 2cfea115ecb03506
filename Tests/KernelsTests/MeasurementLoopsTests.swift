import Kernels
import Tensors
import Testing

/// Loops that are there to be timed do what their names say.
@Suite struct MeasurementLoopsTests {
  @Test("multiply-adds run in every lane: each ends at 1, the fixed point")
  func multiplyAdds() {
    let lanes = Float(MultiplyAddLoop.operationsPerRound / 2)
    // 0.99 to the power of the rounds is far below what a float tells from 0.
    let sum = MultiplyAddLoop.run(rounds: 20_000, factor: 0.99)
    // A rounding error in each round, of which the factor forgets all but the last hundred.
    #expect(abs(sum / lanes - 1) < 1e-4, "\(sum) of \(lanes) lanes")
  }

  @Test("products of bfloat16 pairs run in every lane: each counts the rounds")
  func pairs() {
    let lanes = Float(MultiplyAddLoop.operationsPerBfloat16Round / 4)
    // Whole numbers below 2²⁴ are exact.
    #expect(MultiplyAddLoop.runBfloat16(rounds: 1000, factor: 0.5) == 1000 * lanes)
  }

  @Test("products without transforms are those of a forward pass, to the bit")
  func products() throws {
    let geometry = ConvolutionGeometry(
      inputHeight: 8, inputWidth: 8, inputChannels: 16, outputChannels: 16, kernelHeight: 3,
      kernelWidth: 3, stride: 1, padding: 1)
    let winograd = WinogradConvolution(geometry, samples: 2)
    let (plan, arena) = try Arena.plan { arena in
      (
        x: arena.tensor(geometry.inputShape(samples: 2)),
        y: arena.tensor(geometry.outputShape(samples: 2)),
        weight: arena.tensor(geometry.weightShape),
        transformed: arena.tensor(winograd.transformedWeightShape),
        scratch: arena.tensor(winograd.scratchShape)
      )
    }
    defer { withExtendedLifetime(arena) {} }
    for tensor in [plan.x, plan.weight] {
      for index in 0..<tensor.count { tensor[index] = Float(index * 37 % 101) / 101 - 0.5 }
    }
    winograd.transformWeight(plan.weight, into: plan.transformed)
    winograd.forward(
      plan.x, transformedWeight: plan.transformed, scratch: plan.scratch, into: plan.y)
    // All tiles are one run, so the scratch holds its inputs and, as many, its products.
    let whole = Array(plan.scratch.buffer)
    let half = whole.count / 2
    for index in half..<whole.count { plan.scratch[index] = 0 }
    winograd.multiplyOnly(.forward, samples: 2, weight: plan.transformed, scratch: plan.scratch)
    #expect(Array(plan.scratch.buffer) == whole)
    #expect(whole[half...].contains { $0 != 0 })
    // 36 products of two samples' four tiles.
    #expect(winograd.productOperations(samples: 2) == 2 * 36 * 8 * 16 * 16)
  }
}
