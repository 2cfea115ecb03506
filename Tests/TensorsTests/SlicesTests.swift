import Tensors
import Testing

@Suite struct SlicesTests {
  @Test("slices follow one another, all whole but the last", arguments: [1, 3, 8], 0...17)
  func cover(samples: Int, count: Int) {
    var slices: [Range<Int>] = []
    Slices(samples: samples).forEach(in: count) { slices.append($0) }
    #expect(slices.flatMap { Array($0) } == Array(0..<count))
    #expect(slices.dropLast().allSatisfy { $0.count == samples })
    #expect(slices.allSatisfy { !$0.isEmpty && $0.count <= samples })
  }
}
