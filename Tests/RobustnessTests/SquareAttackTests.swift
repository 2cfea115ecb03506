import Robustness
import Testing

@Suite struct SquareAttackTests {
  @Test("the window's share is halved at the paper's fractions of the queries")
  func schedule() {
    let firsts = [0, 11, 51, 201, 501, 1001, 2001, 4001, 6001, 8001]
    for (halvings, first) in firsts.enumerated() {
      let expected = 0.8 / Double(1 << halvings)
      let last = halvings + 1 < firsts.count ? firsts[halvings + 1] - 1 : 9999
      for query in [first, last] {
        #expect(SquareAttack.share(query: query, of: 10_000) == expected, "query \(query)")
      }
    }
    #expect(
      SquareAttack.share(query: 2500, of: 5000) == SquareAttack.share(query: 5000, of: 10_000))
  }

  @Test("bumps have norm 1, two signs and, turned, the same numbers", arguments: [3, 4, 5, 7, 12])
  func pattern(side: Int) {
    let beside = SquarePattern.values(side: side, .horizontal)
    let above = SquarePattern.values(side: side, .vertical)
    #expect(abs(beside.reduce(0) { $0 + Double($1) * Double($1) } - 1) < 1e-6)
    for row in 0..<side {
      for column in 0..<side {
        #expect(beside[row * side + column] == above[column * side + row])
        #expect((beside[row * side + column] > 0) == (column < side / 2))
      }
    }
  }

  @Test("the bump of side 3 is that of the paper's formula")
  func small() {
    let values = SquarePattern.values(side: 3, .horizontal)
    // Left, width 1: n = 1, M = 1 − |r − 2|, so sums of 1/(2 − k)²: 1/4, 5/4, 1/4. Right, width 2:
    // rows 1 and 3 have M = 0, the middle row M = 0 in its first column and 1 in its second.
    let expected: [Float] = [0.25, -0.25, -0.25, 1.25, -0.25, -1.25, 0.25, -0.25, -0.25]
    let norm = expected.reduce(0) { $0 + $1 * $1 }.squareRoot()
    for (value, plain) in zip(values, expected) { #expect(abs(value - plain / norm) < 1e-6) }
  }
}
