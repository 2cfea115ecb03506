import Tensors
import Testing

@Suite struct WorkspaceTests {
  private func plan(_ needs: (Workspace) -> Void) throws -> (workspace: Workspace, arena: Arena) {
    let (workspace, arena) = try Arena.plan { arena in
      let workspace = Workspace()
      needs(workspace)
      workspace.place(in: arena)
      return workspace
    }
    return (workspace, arena)
  }

  @Test("the memory is that of the largest need, not of their sum")
  func largest() throws {
    let (_, arena) = try plan {
      $0.reserve([4, 5])
      $0.reserve([100])
      $0.reserve([7], [33])
    }
    #expect(arena.bytes == 112 * 4)
  }

  @Test("two simultaneous tensors are disjoint and start at cache lines")
  func pair() throws {
    let (workspace, arena) = try plan { $0.reserve([3, 7], [5]) }
    let (first, second) = workspace.tensors([3, 7], [5])
    first.fill(1)
    second.fill(2)
    #expect(first.shape == [3, 7] && second.shape == [5])
    #expect(first.buffer.allSatisfy { $0 == 1 } && second.buffer.allSatisfy { $0 == 2 })
    for tensor in [first, second] { #expect(UInt(bitPattern: tensor.pointer) % 64 == 0) }
    withExtendedLifetime(arena) {}
  }

  @Test("every tensor taken alone is the same memory")
  func shared() throws {
    let (workspace, arena) = try plan { $0.reserve([12]) }
    workspace.tensor([3, 4]).fill(5)
    #expect(Array(workspace.tensor([2, 2]).buffer) == [5, 5, 5, 5])
    withExtendedLifetime(arena) {}
  }
}
