import Tensors
import Testing

@Suite struct ArenaSnapshotTests {
  @Test("what is needed at the moment comes back, and nothing else is copied")
  func restores() throws {
    let (tensors, arena) = try Arena.plan { arena in
      [
        arena.tensor([20], during: Lifetime(0...4)), arena.tensor([40], during: Lifetime(5...9)),
        arena.tensor([16], during: Lifetime(0...1, 3...3)), arena.tensor([5]),
      ]
    }
    let snapshot = try ArenaSnapshot(arena, at: 3)
    // 20 floats take two cache lines, 16 and 5 one each.
    #expect(snapshot.bytes == 128 + 64 + 64)
    for (index, tensor) in tensors.enumerated() where index != 1 { tensor.fill(Float(index + 1)) }
    snapshot.save()
    for tensor in tensors { tensor.fill(-1) }
    snapshot.restore()
    for (index, tensor) in tensors.enumerated() where index != 1 {
      #expect(tensor.buffer.allSatisfy { $0 == Float(index + 1) }, "\(index)")
    }
  }
}
