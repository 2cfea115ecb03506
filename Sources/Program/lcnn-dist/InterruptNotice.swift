#if canImport(Glibc)
  import Glibc
#endif

/// A line that is written if SIGINT or SIGTERM ends the command, such as how to go on.
///
/// The signal then ends the process as it would have done without the notice. All that the handler
/// uses is prepared before: it calls write(2), signal(2) and raise(3) only.
enum InterruptNotice {
  nonisolated(unsafe) private static var text: UnsafeMutablePointer<CChar>?
  nonisolated(unsafe) private static var length = 0

  static func install(_ line: String) {
    // Ctrl-C is echoed by the terminal where the cursor is.
    let bytes = "\nlcnn-dist: \(line)\n"
    text = strdup(bytes)
    length = bytes.utf8.count
    for number in [SIGINT, SIGTERM] {
      signal(number) { number in
        if let text = InterruptNotice.text {
          _ = Glibc.write(STDERR_FILENO, text, InterruptNotice.length)
        }
        signal(number, SIG_DFL)
        raise(number)
      }
    }
  }

  /// Gives the signals back, when there is nothing to go on with any more.
  static func remove() {
    for number in [SIGINT, SIGTERM] { signal(number, SIG_DFL) }
  }
}
