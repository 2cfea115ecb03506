import MessagePassing
import Testing

@Suite struct CountChunksTests {
  @Test("chunks cover a count in order, none longer than the limit, none empty")
  func cover() {
    for count in 0...20 {
      for limit in 1...7 {
        let chunks = Array(CountChunks(of: count, limit: limit))
        #expect(chunks.flatMap { Array($0) } == Array(0..<count), "\(count) by \(limit)")
        #expect(chunks.allSatisfy { (1...limit).contains($0.count) }, "\(chunks)")
      }
    }
  }

  @Test("a count over Int32.max takes two MPI calls")
  func overInt32() {
    let most = Int(Int32.max)
    #expect(Array(CountChunks(of: most)) == [0..<most])
    #expect(Array(CountChunks(of: most + 5)) == [0..<most, most..<most + 5])
  }
}
