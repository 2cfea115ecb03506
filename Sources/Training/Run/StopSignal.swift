import Synchronization

#if canImport(Glibc)
  import Glibc
#endif

/// A signal that asks for the end of training: SIGTERM, SIGINT, SIGUSR1.
///
/// The handler only sets a flag. The ranks agree on the last step in that step's collective, so
/// that no rank leaves the loop alone.
public enum StopSignal {
  private static let received = Atomic<Bool>(false)

  public static var isReceived: Bool { received.load(ordering: .relaxed) }

  /// Catches the signals from now on.
  public static func install() {
    // Touched before the handler can run: a signal handler must not be the first to initialise it.
    received.store(false, ordering: .relaxed)
    for number in [SIGTERM, SIGINT, SIGUSR1] {
      signal(number) { _ in StopSignal.received.store(true, ordering: .relaxed) }
    }
  }
}
