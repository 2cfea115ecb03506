import MessagePassing
import Testing

@Suite struct ShareTests {
  @Test("shares cover everything once, in rank order, and differ by at most one", arguments: 1...9)
  func cover(size: Int) {
    for count in 0...40 {
      let shares = (0..<size).map { share(of: count, rank: $0, size: size) }
      #expect(shares.flatMap { Array($0) } == Array(0..<count), "\(count) over \(size): \(shares)")
      let lengths = shares.map(\.count)
      #expect(lengths == lengths.sorted(by: >), "\(count) over \(size): \(lengths)")
      #expect((lengths.max() ?? 0) - (lengths.min() ?? 0) <= 1, "\(count) over \(size): \(lengths)")
      #expect(lengths.filter { $0 == count / size + 1 }.count == count % size)
    }
  }
}
