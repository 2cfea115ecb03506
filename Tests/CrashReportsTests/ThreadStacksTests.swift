import CrashReports
import Foundation
import Testing
import Threading

@Suite struct ThreadStacksTests {
  @Test("the stack of another thread names the function that it waits in, and its callers")
  func waitingThread() throws {
    CrashReport.install(executable: "")
    let hasBegun = DispatchSemaphore(value: 0)
    let isOver = DispatchSemaphore(value: 0)
    let thread = try WorkerThread("waits here") { waitForItsEnd(hasBegun, isOver) }
    hasBegun.wait()
    let text = ThreadStacks.text()
    isOver.signal()
    thread.join()
    let paragraph = try #require(
      "\n\(text)".components(separatedBy: "\nthread ").first { $0.contains("(waits here)") },
      "\(text)")
    #expect(paragraph.contains("waitForItsEnd"), "\(paragraph)")
  }

  @Test("an address outside of all files is shown as a number")
  func strangeAddress() {
    #expect(Symbolizer(process: getpid()).lines(for: [0x10]) == ["#0 0x10"])
  }
}

@inline(never)
private func waitForItsEnd(_ hasBegun: DispatchSemaphore, _ isOver: DispatchSemaphore) {
  hasBegun.signal()
  isOver.wait()
  withExtendedLifetime(isOver) {}
}
