import MessagePassing
import Testing

/// Claims about every communicator, checked on one rank; all ranks call them with equal arguments.
///
/// Values are multiples of ¼ below 2¹⁶, so that sums over up to 64 ranks are exact in any order.
enum CommunicatorClaims {
  /// Lengths around the number of ranks (some slices are empty) and past one page.
  static let counts = [0, 1, 2, 3, 7, 64, 4099]

  static func value(rank: Int, index: Int, salt: Int) -> Int {
    (index * 31 + rank * 17 + salt * 7) % 1009 - 504
  }

  /// - Parameter ranks: number that stands for each rank in the values; the rank itself if nil.
  static func sumsEqualPlainSums(
    _ communicator: any Communicator, count: Int, salt: Int, ranks: [Int]? = nil
  ) {
    let ranks = ranks ?? Array(0..<communicator.size)
    let rank = ranks[communicator.rank]
    let size = communicator.size
    var floats = (0..<count).map { Float(value(rank: rank, index: $0, salt: salt)) / 4 }
    var doubles = (0..<count).map { Double(value(rank: rank, index: $0, salt: salt)) / 4 }
    var integers = (0..<count).map { Int64(value(rank: rank, index: $0, salt: salt)) << 40 }
    floats.withUnsafeMutableBufferPointer { communicator.allreduce($0) }
    doubles.withUnsafeMutableBufferPointer { communicator.allreduce($0) }
    integers.withUnsafeMutableBufferPointer { communicator.allreduce($0) }
    let plain = (0..<count).map { index in
      ranks.reduce(0) { $0 + value(rank: $1, index: index, salt: salt) }
    }
    #expect(floats == plain.map { Float($0) / 4 }, "count \(count), rank \(rank) of \(size)")
    #expect(doubles == plain.map { Double($0) / 4 }, "count \(count), rank \(rank) of \(size)")
    #expect(integers == plain.map { Int64($0) << 40 }, "count \(count), rank \(rank) of \(size)")
  }

  /// Allreduces of both types are active together, with a collective of another communicator
  /// between.
  static func startedSumsEqualPlainSums(_ communicator: any Communicator, counts: [Int]) {
    let (rank, size) = (communicator.rank, communicator.size)
    let floats = counts.map { UnsafeMutableBufferPointer<Float>.allocate(capacity: $0) }
    let integers = counts.map { UnsafeMutableBufferPointer<Int64>.allocate(capacity: $0) }
    defer {
      for buffer in floats { buffer.deallocate() }
      for buffer in integers { buffer.deallocate() }
    }
    let other = communicator.duplicate()
    for (salt, count) in counts.enumerated() {
      for index in 0..<count {
        floats[salt][index] = Float(value(rank: rank, index: index, salt: salt)) / 4
        integers[salt][index] = Int64(value(rank: rank, index: index, salt: salt)) << 40
      }
      communicator.startAllreduce(floats[salt])
      other.barrier()
      communicator.startAllreduce(integers[salt])
      communicator.progress()
    }
    communicator.waitForAllreduces()
    for (salt, count) in counts.enumerated() {
      let plain = (0..<count).map { index in
        (0..<size).reduce(0) { $0 + value(rank: $1, index: index, salt: salt) }
      }
      #expect(Array(floats[salt]) == plain.map { Float($0) / 4 }, "count \(count), rank \(rank)")
      #expect(
        Array(integers[salt]) == plain.map { Int64($0) << 40 }, "count \(count), rank \(rank)")
    }
    // Allreduces that have ended are not made again.
    communicator.progress()
    communicator.waitForAllreduces()
  }

  /// The bits of sums that depend on the order of their terms in the last bit.
  static func sumBits(_ communicator: any Communicator, count: Int) -> [UInt8] {
    var values = (0..<count).map { index in
      1 / Float(value(rank: communicator.rank, index: index, salt: 3) * 3 + 1)
    }
    values.withUnsafeMutableBufferPointer { communicator.allreduce($0) }
    return values.withUnsafeBytes { Array($0) }
  }

  static func allRanksGetTheSameBits(_ communicator: any Communicator, count: Int) {
    let mine = sumBits(communicator, count: count)
    let all = communicator.allGather(mine)
    #expect(all.count == communicator.size)
    for (rank, bits) in all.enumerated() {
      #expect(bits == mine, "rank \(communicator.rank) differs from rank \(rank), count \(count)")
    }
  }

  static func everyRootReachesAll(_ communicator: any Communicator, count: Int) {
    for root in 0..<communicator.size {
      var bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ communicator.rank) }
      bytes.withUnsafeMutableBytes { communicator.broadcast($0, from: root) }
      let expected = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ root) }
      #expect(bytes == expected, "from \(root) to \(communicator.rank), count \(count)")
    }
  }

  static func gatherKeepsLengths(_ communicator: any Communicator) {
    func bytes(of rank: Int) -> [UInt8] {
      // Rank 1 has no bytes.
      Array(repeating: UInt8(rank + 1), count: rank == 1 ? 0 : 3 + 1000 * rank)
    }
    let all = communicator.allGather(bytes(of: communicator.rank))
    #expect(all == (0..<communicator.size).map(bytes), "rank \(communicator.rank)")
  }

  /// Odd ranks and even ranks reduce separately.
  static func splitsByColor(_ communicator: any SplittableCommunicator) {
    let color = communicator.rank % 2
    let part = communicator.split(color: color)
    let members = (0..<communicator.size).filter { $0 % 2 == color }
    #expect(part.size == members.count && members[part.rank] == communicator.rank)
    var sums = [Int64(communicator.rank), 1]
    sums.withUnsafeMutableBufferPointer { part.allreduce($0) }
    #expect(sums == [Int64(members.reduce(0, +)), Int64(members.count)])
    sumsEqualPlainSums(part.duplicate(), count: 5, salt: 2, ranks: members)
    gatherKeepsLengths(part)
    communicator.barrier()
  }

  /// The ranks of a node are numbered, and read the values that each writes into node memory.
  static func nodeSharesMemory(_ communicator: any Communicator) throws {
    let node = communicator.node
    #expect((0..<node.size).contains(node.rank) && (0..<node.threads).contains(node.thread))
    #expect(node.threads <= node.size && node.size <= communicator.size)
    let memory = communicator.nodeMemory(bytes: 8 * node.size)
    #expect((memory != nil) == (node.size > node.threads))
    let values = memory?.common.assumingMemoryBound(to: Int64.self)
    for round in 1...3 {
      values?[node.rank] = Int64(node.rank * round)
      communicator.nodeBarrier()
      for other in 0..<node.size where memory != nil {
        #expect(values?[other] == Int64(other * round), "rank \(communicator.rank)")
      }
      communicator.nodeBarrier()
    }
    let count = 1000
    let reduction = communicator.reductionMemory(bytes: 4 * count)
    let start =
      reduction?.base.assumingMemoryBound(to: Float.self) ?? .allocate(capacity: count)
    defer { if reduction == nil { start.deallocate() } }
    let buffer = UnsafeMutableBufferPointer(start: start, count: count)
    buffer.initialize(repeating: Float(communicator.rank + 1))
    communicator.allreduce(buffer)
    let sum = Float(communicator.size * (communicator.size + 1) / 2)
    #expect(buffer.allSatisfy { $0 == sum }, "rank \(communicator.rank)")
    communicator.barrier()
  }

  /// One rank of each process makes a value, which all threads of the process get.
  static func processMakesOnce(_ communicator: any Communicator) throws {
    let maker = try communicator.oncePerProcess { communicator.rank }
    #expect(maker == communicator.rank - communicator.node.thread)
  }

  /// Sums on the copy and on the original, interleaved, do not mix.
  static func duplicateIsMatchedSeparately(_ communicator: any Communicator) {
    let copy = communicator.duplicate()
    #expect(copy.rank == communicator.rank && copy.size == communicator.size)
    let size = Int64(communicator.size)
    for round in 0..<20 {
      var one: [Int64] = [1, Int64(round)]
      var two: [Int64] = [100, 200, 300]
      one.withUnsafeMutableBufferPointer { communicator.allreduce($0) }
      two.withUnsafeMutableBufferPointer { copy.allreduce($0) }
      #expect(one == [size, size * Int64(round)])
      #expect(two == [100 * size, 200 * size, 300 * size])
    }
    let copyOfCopy = copy.duplicate()
    copyOfCopy.barrier()
    sumsEqualPlainSums(copyOfCopy, count: 5, salt: 1)
  }
}
