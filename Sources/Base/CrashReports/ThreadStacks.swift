import CCrashReport
import Files
import Foundation

/// The present stacks of the threads of this process.
public enum ThreadStacks {
  /// Text with a paragraph for each thread; the calling one is left out.
  ///
  /// Needs ``CrashReport/install(executable:)``. A thread that blocks signals, or is itself stopped,
  /// has no stack here.
  public static func text() -> String {
    let threads = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/task")) ?? []
    let symbols = Symbolizer(process: getpid())
    var paragraphs: [String] = []
    let clock = ContinuousClock()
    let end = clock.now + longest
    for thread in threads.compactMap(Int32.init).sorted() where thread != ccrash_current_thread() {
      if clock.now > end { break }
      let name = SystemFile.text("/proc/self/task/\(thread)/comm")?
        .trimmingCharacters(in: .newlines)
      guard answers(thread), let addresses = capture(thread) else { continue }
      let lines = symbols.lines(for: addresses).map { "  \($0)" }
      paragraphs.append(
        (["thread \(thread) (\(name ?? "unknown")), innermost function first:"] + lines)
          .joined(separator: "\n"))
    }
    return paragraphs.joined(separator: "\n")
  }

  /// Time in which threads are asked, the first one first.
  private static let longest = Duration.seconds(2)

  /// Whether a thread takes the signal that asks for its stack.
  private static func answers(_ thread: Int32) -> Bool {
    let status = SystemFile.text("/proc/self/task/\(thread)/status")
    let mask = status?.firstMatch(of: /SigBlk:\s*([0-9a-f]+)/).flatMap { UInt64($0.1, radix: 16) }
    return (mask ?? 0) >> UInt64(ccrash_capture_signal() - 1) & 1 == 0
  }

  private static func capture(_ thread: Int32) -> [UInt]? {
    let capacity = Int(CCRASH_MAXIMUM_FRAMES)
    var frames = [UnsafeMutableRawPointer?](repeating: nil, count: capacity)
    let count = ccrash_capture(thread, &frames, Int32(capacity))
    return count < 0 ? nil : frames.prefix(Int(count)).map { UInt(bitPattern: $0) }
  }
}
