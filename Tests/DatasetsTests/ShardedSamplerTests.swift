import Datasets
import Testing

@Suite struct ShardedSamplerTests {
  @Test("every sample comes exactly once in an epoch for 1 to 8 ranks", arguments: 1...8)
  func coverage(size: Int) {
    for (count, batch, granularity) in [(103, 16, 1), (103, 16, 3), (5, 8, 1), (64, 16, 8)] {
      let sampler = ShardedSampler(
        count: count, globalBatch: batch, order: .shuffled(seed: 1), granularity: granularity)
      let order = sampler.order.indices(count: count, epoch: 2)
      var seen: [Int32] = []
      for step in 0..<sampler.stepsPerEpoch {
        var together: [Int32] = []
        for rank in 0..<size {
          let share = sampler.share(step: step, rank: rank, size: size)
          #expect(share.count <= sampler.largestShare(size: size))
          together += order[share]
        }
        #expect(together == sampler.globalBatch(step: step, epoch: 2))
        seen += together
      }
      #expect(seen.sorted() == (0..<Int32(count)).map { $0 })
    }
  }

  @Test("shares differ by one sample at most, and the first ranks hold the larger ones")
  func balance() {
    let shares = (0..<4).map { ShardedSampler.share(of: 10, rank: $0, size: 4) }
    #expect(shares == [0..<3, 3..<6, 6..<8, 8..<10])
    let few = (0..<4).map { ShardedSampler.share(of: 2, rank: $0, size: 4) }
    #expect(few == [0..<1, 1..<2, 2..<2, 2..<2])
  }

  @Test("shares in units of slices cut between slices only")
  func slices() {
    let shares = (0..<3).map { ShardedSampler.share(of: 30, rank: $0, size: 3, granularity: 8) }
    #expect(shares == [0..<16, 16..<24, 24..<30])
  }

  @Test("the last batch holds what is left")
  func lastBatch() {
    let sampler = ShardedSampler(count: 23, globalBatch: 10, order: .natural)
    #expect(sampler.stepsPerEpoch == 3)
    #expect((0..<3).map { sampler.positions(step: $0) } == [0..<10, 10..<20, 20..<23])
    #expect(sampler.globalBatch(step: 2, epoch: 0) == [20, 21, 22])
  }
}
