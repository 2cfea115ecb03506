import Datasets
import Testing

@Suite struct SampleOrderTests {
  @Test("every sample comes exactly once in every epoch", arguments: [1, 2, 7, 1000])
  func permutation(count: Int) {
    for epoch in 0..<5 {
      let order = SampleOrder.shuffled(seed: 9).indices(count: count, epoch: epoch)
      #expect(order.sorted() == (0..<Int32(count)).map { $0 })
    }
  }

  @Test("the order of a seed and an epoch is the recorded one")
  func golden() {
    let order = SampleOrder.shuffled(seed: 42)
    #expect(
      order.indices(count: 16, epoch: 0) == [12, 15, 7, 1, 11, 13, 5, 9, 10, 6, 3, 2, 0, 14, 4, 8])
    #expect(
      order.indices(count: 16, epoch: 3) == [3, 0, 8, 2, 13, 14, 10, 15, 12, 9, 4, 5, 11, 7, 6, 1])
  }

  @Test("orders differ between epochs and between seeds")
  func different() {
    let orders = (0..<3).flatMap { seed in
      (0..<3).map { SampleOrder.shuffled(seed: seed).indices(count: 50, epoch: $0) }
    }
    #expect(Set(orders).count == 9)
  }

  @Test("each sample is as likely at any place")
  func uniform() {
    var frequency = [[Int]](repeating: [Int](repeating: 0, count: 4), count: 4)
    for epoch in 0..<4000 {
      let order = SampleOrder.shuffled(seed: 5).indices(count: 4, epoch: epoch)
      for (place, sample) in order.enumerated() { frequency[place][Int(sample)] += 1 }
    }
    // 1000 ± five standard deviations of √(4000·¼·¾).
    for count in frequency.joined() { #expect(abs(count - 1000) < 137) }
  }

  @Test("the natural order is the same in every epoch")
  func natural() {
    #expect(SampleOrder.natural.indices(count: 4, epoch: 8) == [0, 1, 2, 3])
  }
}
