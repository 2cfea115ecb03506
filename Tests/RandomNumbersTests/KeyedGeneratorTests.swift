import RandomNumbers
import Testing

@Suite struct KeyedGeneratorTests {
  @Test("a stream is a function of seed, purpose, a and b, and every one of them matters")
  func keyed() {
    var firsts: Set<UInt64> = []
    var streams = 0
    for seed: UInt64 in [0, 1, 1 << 32] {
      for purpose in Purpose.allCases {
        for a: UInt64 in [0, 1, 1 << 32] {
          for b: UInt64 in [0, 1, 1 << 32] {
            var once = KeyedGenerator(seed: seed, purpose: purpose, a: a, b: b)
            var again = KeyedGenerator(seed: seed, purpose: purpose, a: a, b: b)
            let first = once.next()
            #expect(first == again.next())
            firsts.insert(first)
            streams += 1
          }
        }
      }
    }
    #expect(firsts.count == streams)
  }

  @Test("uniform numbers lie in [0, 1) with mean 1/2 and variance 1/12")
  func uniform() {
    var generator = KeyedGenerator(seed: 1, purpose: .probe)
    let count = 100_000
    var sum = 0.0
    var squares = 0.0
    for _ in 0..<count {
      let value = generator.uniform()
      #expect(value >= 0 && value < 1)
      sum += value
      squares += (value - 0.5) * (value - 0.5)
    }
    // Five standard errors: σ/√n with σ² = 1/12 for the mean, 1/180 for the squared deviation.
    #expect(abs(sum / 1e5 - 0.5) < 5 * (1 / 12.0 / 1e5).squareRoot())
    #expect(abs(squares / 1e5 - 1 / 12.0) < 5 * (1 / 180.0 / 1e5).squareRoot())
  }

  @Test("integers below a bound are equally frequent", arguments: [1, 2, 3, 7, 10])
  func integers(bound: Int) {
    var generator = KeyedGenerator(seed: 2, purpose: .shuffle, a: UInt64(bound))
    var frequency = [Int](repeating: 0, count: bound)
    for _ in 0..<70_000 { frequency[generator.integer(below: bound)] += 1 }
    let expected = 70_000 / Double(bound)
    for count in frequency {
      // Five standard deviations of a binomial count, at most √n·p.
      #expect(abs(Double(count) - expected) <= 5 * expected.squareRoot())
    }
  }

  @Test("integers below a bound near 2⁶³ stay below it and reach its upper half")
  func largeBound() {
    let bound = Int.max / 2 + 2
    var generator = KeyedGenerator(seed: 3, purpose: .shuffle)
    var upper = 0
    for _ in 0..<1000 {
      let value = generator.integer(below: bound)
      #expect(value >= 0 && value < bound)
      if value >= bound / 2 { upper += 1 }
    }
    // 500 ± five standard deviations of √250.
    #expect(abs(upper - 500) < 80)
  }

  @Test("normal numbers have the moments 0, σ², 0, 3σ⁴")
  func normal() {
    var generator = KeyedGenerator(seed: 4, purpose: .initialization)
    let count = 200_001
    let buffer = UnsafeMutableBufferPointer<Float>.allocate(capacity: count)
    defer { buffer.deallocate() }
    buffer.initialize(repeating: 0)
    generator.fillNormal(buffer, standardDeviation: 2)
    var moments = [0.0, 0.0, 0.0, 0.0, 0.0]
    for value in buffer {
      var power = 1.0
      for order in 1...4 {
        power *= Double(value) / 2
        moments[order] += power / Double(count)
      }
    }
    // Five standard errors; the variances of z, z², z³, z⁴ are 1, 2, 15, 96.
    let n = Double(count)
    #expect(abs(moments[1]) < 5 * (1 / n).squareRoot())
    #expect(abs(moments[2] - 1) < 5 * (2 / n).squareRoot())
    #expect(abs(moments[3]) < 5 * (15 / n).squareRoot())
    #expect(abs(moments[4] - 3) < 5 * (96 / n).squareRoot())
  }

  @Test("filling a buffer draws the same numbers as drawing them one by one")
  func fill() {
    var filling = KeyedGenerator(seed: 5, purpose: .initialization, a: 6, b: 7)
    var drawing = filling
    let buffer = UnsafeMutableBufferPointer<Float>.allocate(capacity: 9)
    defer { buffer.deallocate() }
    buffer.initialize(repeating: 0)
    filling.fillNormal(buffer, standardDeviation: 0.5)
    for value in buffer { #expect(value == Float(0.5 * drawing.normal())) }
  }
}
