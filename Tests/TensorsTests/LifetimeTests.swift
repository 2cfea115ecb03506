import Tensors
import Testing

@Suite struct LifetimeTests {
  @Test("tensors share memory if and only if their lifetimes have no common moment")
  func sharing() throws {
    let (tensors, arena) = try Arena.plan { arena in
      [
        arena.tensor([16], during: Lifetime(0...3)), arena.tensor([16], during: Lifetime(4...5)),
        arena.tensor([16], during: Lifetime(3...4)),
        arena.tensor([16], during: Lifetime(0...0) + Lifetime(5...6)),
      ]
    }
    #expect(tensors[0].pointer == tensors[1].pointer)
    for (one, other) in [(0, 2), (1, 2), (0, 3), (1, 3)] {
      #expect(tensors[one].pointer != tensors[other].pointer, "\(one) and \(other)")
    }
    #expect(tensors[2].pointer == tensors[3].pointer)
    #expect(arena.bytes == 2 * 64)
  }

  @Test("lifetimes overlap if any two of their stretches have a common moment")
  func overlap() {
    let stretches = Lifetime(1...2, 8...9)
    for (moments, overlaps) in [
      (0...0, false), (0...1, true), (2...2, true), (3...7, false), (3...8, true), (10...11, false),
    ] {
      #expect(stretches.overlaps(Lifetime(moments)) == overlaps, "\(moments)")
      #expect(Lifetime(moments).overlaps(stretches) == overlaps, "\(moments)")
    }
  }

  @Test("tensors that are released in reverse order need no more than the fullest moment")
  func sweeps() throws {
    // Values of ten layers that halve, each needed until its backward pass, which needs two
    // gradients.
    let layers = 10
    let size = { (layer: Int) in 1 << (14 - layer) }
    let backward = { (layer: Int) in 2 * layers - 1 - layer }
    var needs: [(floats: Int, moments: ClosedRange<Int>)] = []
    for layer in 0..<layers {
      needs.append((size(layer), layer...backward(layer)))
      needs.append((size(layer), backward(layer)...backward(layer) + 1))
    }
    let (tensors, arena) = try Arena.plan { arena in
      needs.map { arena.tensor([$0.floats], during: Lifetime($0.moments)) }
    }
    let fullest = (0...2 * layers).map { moment in
      needs.filter { $0.moments.contains(moment) }.reduce(0) { $0 + 4 * max($1.floats, 16) }
    }.max()
    #expect(arena.bytes == fullest)
    for (index, one) in needs.enumerated() {
      for (other, two) in needs.enumerated().dropFirst(index + 1)
      where one.moments.overlaps(two.moments) {
        let (a, b) = (tensors[index].pointer, tensors[other].pointer)
        #expect(a + one.floats <= b || b + two.floats <= a, "\(index) and \(other)")
      }
    }
  }

  @Test("tensors with a lifetime do not overlap permanent ones")
  func both() throws {
    let (tensors, arena) = try Arena.plan { arena in
      [
        arena.tensor([5]), arena.tensor([40], during: Lifetime(0...1)), arena.tensor([7]),
        arena.tensor([0], during: Lifetime(2...2)),
      ]
    }
    for (index, tensor) in tensors.enumerated() { tensor.fill(Float(index)) }
    #expect(tensors[0].buffer.allSatisfy { $0 == 0 } && tensors[1].buffer.allSatisfy { $0 == 1 })
    #expect(tensors[2].buffer.allSatisfy { $0 == 2 })
    for tensor in tensors { #expect(UInt(bitPattern: tensor.pointer) % 64 == 0) }
    #expect(arena.bytes == 64 + 192 + 64)
  }
}
