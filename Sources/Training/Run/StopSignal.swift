import Synchronization

#if canImport(Glibc)
  import Glibc
#endif

/// A signal that asks for the end of training or of a measurement: SIGTERM, SIGINT, SIGHUP, SIGUSR1.
///
/// The handler only sets a flag. The ranks agree on the last step in that step's collective, so
/// that no rank leaves the loop alone. A second signal ends the process at once.
public enum StopSignal {
  /// The signals that are caught.
  public static let numbers = [SIGTERM, SIGINT, SIGHUP, SIGUSR1]

  private static let received = Atomic<Bool>(false)
  /// Time of the first signal, in nanoseconds of the monotonic clock.
  private static let time = Atomic<UInt64>(0)
  /// A launcher may pass one Ctrl-C on as several signals, all within this time.
  private static let burst: UInt64 = 1_000_000_000

  public static var isReceived: Bool { received.load(ordering: .relaxed) }

  /// Line for the first signal, which the handler only has to write.
  nonisolated(unsafe) private static var notice: (text: UnsafeMutablePointer<CChar>, count: Int)?

  /// Whether the first signal is answered by a line.
  public static var hasNotice: Bool { notice != nil }

  /// Catches the signals from now on.
  ///
  /// SIGHUP and SIGINT stay ignored where they are: `nohup` asks for it, or a shell for its job in
  /// the background.
  ///
  /// - Parameter line: written to standard error at the first signal.
  public static func install(notice line: String? = nil) {
    // Ctrl-C is echoed by the terminal where the cursor is.
    notice = line.flatMap { line in
      let text = "\nlcnn-dist: \(line)\n"
      guard let copy = strdup(text) else { return nil }
      return (copy, text.utf8.count)
    }
    // Touched before the handler can run: a signal handler must not be the first to initialise it.
    received.store(false, ordering: .relaxed)
    time.store(0, ordering: .relaxed)
    _ = burst
    for number in numbers {
      let before = signal(number, StopSignal.handle)
      if [SIGHUP, SIGINT].contains(number), isIgnored(before) { signal(number, SIG_IGN) }
    }
  }

  private static func isIgnored(_ handler: __sighandler_t?) -> Bool {
    unsafeBitCast(handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
  }

  private static let handle: @convention(c) (Int32) -> Void = { number in
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    let nanoseconds = UInt64(now.tv_sec) * 1_000_000_000 + UInt64(now.tv_nsec)
    if !StopSignal.received.exchange(true, ordering: .relaxed) {
      StopSignal.time.store(nanoseconds, ordering: .relaxed)
      if let notice = StopSignal.notice { _ = write(STDERR_FILENO, notice.text, notice.count) }
    } else if nanoseconds > StopSignal.time.load(ordering: .relaxed) + StopSignal.burst {
      signal(number, SIG_DFL)
      raise(number)
    }
  }
}
