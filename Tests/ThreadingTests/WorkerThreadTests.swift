import Failures
import Foundation
import Synchronization
import Testing
import Threading

@Suite struct WorkerThreadTests {
  @Test("a thread's writes are seen after it has been joined, and its closure is released")
  func join() throws {
    final class Marker: Sendable {}
    weak var released: Marker?
    let total = Mutex(0)
    do {
      let marker = Marker()
      released = marker
      let threads = try (1...3).map { number in
        try WorkerThread("thread \(number) of 3") { [marker] in
          withExtendedLifetime(marker) { total.withLock { $0 += number } }
        }
      }
      for thread in threads { thread.join() }
    }
    #expect(total.withLock(\.self) == 6)
    #expect(released == nil)
  }

  @Test("a thread blocks every signal, and its starter's mask stays as it was")
  func signals() throws {
    @Sendable func isBlocked(_ signal: Int32) -> Bool {
      var mask = sigset_t()
      pthread_sigmask(SIG_BLOCK, nil, &mask)
      return sigismember(&mask, signal) == 1
    }
    let before = [SIGTERM, SIGUSR1, SIGUSR2].map(isBlocked)
    let inside = Mutex([Bool]())
    let thread = try WorkerThread("the thread of the test") {
      inside.withLock { $0 = [SIGTERM, SIGUSR1, SIGUSR2].map(isBlocked) }
    }
    thread.join()
    #expect(inside.withLock(\.self) == [true, true, true])
    #expect([SIGTERM, SIGUSR1, SIGUSR2].map(isBlocked) == before)
  }

  @Test("a refused thread is an error that names the thread, with the exit code for memory")
  func refused() async {
    let result = await #expect(
      processExitsWith: .exitCode(71), observing: [\.standardErrorContent]
    ) {
      // No address space is left for a stack.
      var limit = rlimit(rlim_cur: 1 << 20, rlim_max: 1 << 20)
      guard setrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit) == 0 else {
        fatalError("no limit: \(errno)")
      }
      do throws(ThreadError) {
        try WorkerThread("thread 2 of 8") {}.join()
      } catch {
        FileHandle.standardError.write(Data("\(error)\n".utf8))
        // exit() would wait for OpenBLAS's threads, which may be trying for ever to take memory.
        _exit(error.exitStatus.rawValue)
      }
    }
    let words = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(words.contains("the system refused thread 2 of 8: "), "\(words)")
    #expect(words.contains("; lower --threads"), "\(words)")
  }
}
