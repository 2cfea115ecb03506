import MessagePassing
import Testing

@Suite struct SoloCommunicatorTests {
  @Test("a negative zero stays negative")
  func negativeZero() {
    var values: [Float] = [-0.0]
    values.withUnsafeMutableBufferPointer { SoloCommunicator().allreduce($0) }
    #expect(values[0].sign == .minus)
  }
}
