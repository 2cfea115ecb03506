import Tensors
import Testing

@Suite struct ArenaTests {
  @Test("a plan hands out disjoint, zeroed, aligned tensors of one block")
  func disjoint() throws {
    let (tensors, arena) = try Arena.plan { arena in
      [arena.tensor([3, 5]), arena.tensor([]), arena.tensor([0, 4]), arena.tensor([2, 2, 2, 2])]
    }
    for (index, tensor) in tensors.enumerated() {
      #expect(UInt(bitPattern: tensor.pointer) % 64 == 0)
      #expect(tensor.buffer.allSatisfy { $0 == 0 })
      tensor.fill(Float(index + 1))
    }
    for (index, tensor) in tensors.enumerated() {
      #expect(tensor.buffer.allSatisfy { $0 == Float(index + 1) })
    }
    #expect(arena.bytes == 4 * 64)
  }

  @Test("an activation holds the tensors that its plan asks for", arguments: [0, 1, 2])
  func derivatives(order: Int) throws {
    let derivatives = try #require(Derivatives(rawValue: order))
    let (edge, arena) = try Arena.plan { $0.edge([2, 3, 3, 4], derivatives) }
    #expect(edge.value.isPresent)
    #expect(edge.gradient.isPresent == (order >= 1))
    #expect(edge.tangent.isPresent == (order == 2))
    #expect(edge.gradientTangent.isPresent == (order == 2))
    #expect(arena.bytes == [1, 2, 4][order] * 320)
  }

  @Test("a slice sees its samples, and slices of an absent tensor stay absent")
  func slices() throws {
    let (tensor, arena) = try Arena.plan { $0.tensor([4, 3]) }
    for index in 0..<12 { tensor[index] = Float(index) }
    #expect(Array(tensor.slice(1..<3).buffer) == [3, 4, 5, 6, 7, 8])
    #expect(tensor.slice(4..<4).count == 0)
    #expect(!Tensor.absent([4, 3]).slice(1..<2).isPresent)
    #expect(arena.bytes == 64)
  }

  @Test("plans that share memory hand out the same tensors in it, and private ones besides")
  func common() throws {
    let build: (Arena) -> [Tensor] = { arena in
      [arena.tensor([3, 5], in: .shared), arena.tensor([4]), arena.tensor([7], in: .shared)]
    }
    var made: MemoryBlock?
    let plans = try (0..<2).map { _ in
      try Arena.plan(
        in: { region, bytes in
          guard region == .shared else { return try MemoryBlock(bytes: bytes) }
          #expect(bytes == 2 * 64)
          let memory = try made ?? MemoryBlock(bytes: bytes)
          made = memory
          return memory
        }, build)
    }
    let (first, second) = (plans[0].plan, plans[1].plan)
    #expect(first[0].pointer == second[0].pointer && first[2].pointer == second[2].pointer)
    #expect(first[1].pointer != second[1].pointer && first[0].pointer != first[2].pointer)
    #expect(first.allSatisfy { $0.buffer.allSatisfy { $0 == 0 } })
    #expect(plans.allSatisfy { $0.arena.bytes == 64 && $0.arena.bytes(in: .shared) == 2 * 64 })
    let (alone, arena) = try Arena.plan(build)
    #expect(alone[0].pointer != first[0].pointer)
    withExtendedLifetime(arena) {}
  }
}
