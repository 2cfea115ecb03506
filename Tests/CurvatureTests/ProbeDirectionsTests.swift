import Curvature
import Testing

@Suite struct ProbeDirectionsTests {
  @Test("directions have length 1 and differ by seed, sample and number")
  func distinct() throws {
    let curvature = try CurvatureCase(.vggLowCurvature)
    let vector = curvature.model.input.tangent.slice(0..<1)
    var seen: Set<[Float]> = []
    for seed: UInt64 in [1, 2] {
      for sample in 0..<2 {
        for number in 0..<2 {
          ProbeDirections(seed: seed).write(sample: sample, number: number, into: vector)
          let values = Array(vector.buffer)
          let norm = values.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
          #expect(abs(norm - 1) < 1e-6)
          seen.insert(values)
        }
      }
    }
    #expect(seen.count == 8)
    ProbeDirections(seed: 2).write(sample: 1, number: 1, into: vector)
    #expect(seen.contains(Array(vector.buffer)))
  }
}
