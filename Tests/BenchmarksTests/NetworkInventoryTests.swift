import Benchmarks
import MessagePassing
import Networks
import Testing

@Suite struct NetworkInventoryTests {
  private func inventory(_ body: Architecture.Body) throws -> NetworkInventory {
    let model = try Model(
      Architecture(
        body, variant: .lowCurvature, height: 32, width: 32, channels: 3, classes: 10),
      ModelConfiguration(.training, maximumSamples: 1), communicator: SoloCommunicator())
    return NetworkInventory(model)
  }

  private func work(_ inventory: NetworkInventory, _ pass: TracedPass) -> Work {
    inventory.blocks.enumerated().reduce(Work(operations: 0, bytes: 0)) { sum, element in
      let work = element.element.work(pass, samples: 1, isFirst: element.offset == 0)
      return Work(
        operations: sum.operations + work.operations, bytes: sum.bytes + work.bytes)
    }
  }

  /// Multiply-adds of one 32×32 image, by hand: stem, four equal convolutions, then three stages of
  /// a strided one, three equal ones and a 1×1 shortcut, and the linear layer.
  private static let resNet18Products =
    3 * 9 * 64 * 1024 + 4 * 64 * 64 * 9 * 1024
    + 3 * (64 * 128 * 9 * 256 + 3 * 128 * 128 * 9 * 256 + 64 * 128 * 256) + 512 * 10

  @Test("ResNet-18 is what its paper says, block by block")
  func resNet18() throws {
    let found = try inventory(Architecture.resNet18)
    #expect(found.blocks.count == 1 + 8 + 2)
    #expect(found.blocks.flatMap(\.convolutions).count == 17 + 3 + 1)
    let sums = found.blocks.flatMap(\.sums)
    #expect(sums.count == 17)
    #expect(sums.count { $0.other == .nothing } == 9)
    #expect(sums.count { $0.other == .normalized } == 3)
    #expect(sums.count { $0.other == .scaled } == 5)
    #expect(found.blocks.flatMap(\.recomputed).count == 8)
    #expect(found.blocks.flatMap(\.poolings).map(\.kind) == [.average])
    #expect(found.blocks[1].name == "residual block → 32×32×64")
    #expect(found.blocks[10].name == "linear → 1×1×10")
    let forward = work(found, .forward)
    #expect(forward.operations == Double(2 * Self.resNet18Products))
    // Data and weight gradients, but for the input's.
    let input = Double(2 * 3 * 9 * 64 * 1024)
    #expect(work(found, .backward).operations == 2 * forward.operations - input)
    #expect(work(found, .backwardTangent).operations == 3 * forward.operations - input)
    #expect(work(found, .dataBackward).operations == forward.operations)
  }

  @Test("VGG-11's poolings lie between the sizes of its convolutions")
  func vgg11() throws {
    let found = try inventory(Architecture.vgg11)
    #expect(found.blocks.flatMap(\.convolutions).count == 10 + 1)
    #expect(found.blocks.flatMap(\.sums).count == 10)
    let poolings = found.blocks.flatMap(\.poolings)
    #expect(poolings.map(\.input.height) == [32, 16, 8, 4])
    #expect(poolings.map(\.output.height) == [16, 8, 4, 2])
    #expect(poolings.map(\.input.channels) == [64, 128, 256, 512])
  }

  @Test("the bytes of a block's elementwise loops are counted loop by loop")
  func bytes() throws {
    // The stem: a convolution of 3 to 64 channels, one batch norm, one activation.
    let stem = try inventory(Architecture.resNet18).blocks[0]
    let (x, y, weight) = (3 * 1024, 64 * 1024, 9 * 3 * 64)
    // Statistics read the convolution's output; the activation reads it and writes its own.
    let forward = stem.work(.forward, samples: 1, isFirst: true)
    #expect(forward.bytes == Double(4 * (x + y + weight + 3 * y)))
    // Sums read the output and its gradient; the pass reads both and writes one.
    let backward = stem.work(.backward, samples: 1, isFirst: true)
    #expect(backward.bytes == Double(4 * (x + y + weight + 5 * y)))
  }
}
