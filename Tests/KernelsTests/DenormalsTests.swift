import Foundation
import Kernels
import Tensors
import Testing

@Suite struct DenormalsTests {
  @Test("after the call a thread computes zero where a denormal would come out")
  func flushed() async {
    let result = await withCheckedContinuation { continuation in
      // A thread of its own: the setting would stay with one of the test runner's.
      Thread.detachNewThread {
        flushDenormalsOnThisThread()
        let source = TensorSource()
        let a = source.filled([20]) { _ in Float.leastNormalMagnitude }
        scale(a, by: 0.5, into: a)
        let found = withExtendedLifetime(source) { a.buffer.map(\.bitPattern) }
        continuation.resume(returning: found)
      }
    }
    #expect(result.allSatisfy { $0 == 0 })
  }
}
