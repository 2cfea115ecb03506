import Kernels
import Tensors
import Testing

@Suite struct ExactSumsTests {
  /// Terms of very different sizes, whose float and double sums depend on the order.
  private static let terms: [Float] = (0..<1000).map { index in
    let size = [1e-12, 1, 3e6, 1e-5][index % 4]
    return Float(size * (Double((index * 7919) % 2003) / 1001 - 1))
  }

  private func sums(_ count: Int) throws -> (ExactSums, Arena) {
    try Arena.plan { ExactSums(count: count, arena: $0) }
  }

  private func read(_ sums: ExactSums) throws -> Float {
    let (value, arena) = try Arena.plan { $0.tensor([1]) }
    sums.read(into: value, from: 0)
    return withExtendedLifetime(arena) { value[0] }
  }

  private func add(_ terms: some Sequence<Float>, to sums: ExactSums) throws {
    let (term, arena) = try Arena.plan { $0.tensor([1]) }
    for value in terms {
      term[0] = value
      sums.add(term, at: 0)
    }
    withExtendedLifetime(arena) {}
  }

  @Test("every order of the terms gives the same bits, the nearest to the true sum")
  func order() throws {
    let (forward, first) = try sums(1)
    let (backward, second) = try sums(1)
    try add(Self.terms, to: forward)
    try add(Self.terms.reversed(), to: backward)
    #expect(try read(forward).bitPattern == read(backward).bitPattern)
    // Each of a thousand terms is rounded once to 2⁻⁶³, and the sum to a float.
    let expected = Self.terms.sorted { abs($0) < abs($1) }.reduce(0.0) { $0 + Double($1) }
    #expect(abs(Double(try read(forward)) - expected) <= abs(expected) * 6e-8 + 1e-15)
    withExtendedLifetime((first, second)) {}
  }

  @Test("sums of parts, added as integers, are the sum of the whole")
  func parts() throws {
    let (whole, first) = try sums(1)
    let (left, second) = try sums(1)
    let (right, third) = try sums(1)
    try add(Self.terms, to: whole)
    try add(Self.terms.prefix(123), to: left)
    try add(Self.terms.dropFirst(123), to: right)
    let (a, b) = (left.bufferWithCount(from: 0), right.bufferWithCount(from: 0))
    for index in a.indices { a[index] += b[index] }
    #expect(try read(left).bitPattern == read(whole).bitPattern)
    withExtendedLifetime((first, second, third)) {}
  }

  @Test("a term that is not finite or too large makes the sums NaN", arguments: [Float.nan, 1e11])
  func invalid(term: Float) throws {
    let (exact, arena) = try sums(1)
    try add([1, term, 2], to: exact)
    #expect(!exact.isValid)
    #expect(try read(exact).isNaN)
    exact.clear()
    try add([1, 2], to: exact)
    #expect(exact.isValid)
    #expect(try read(exact) == 3)
    withExtendedLifetime(arena) {}
  }
}
