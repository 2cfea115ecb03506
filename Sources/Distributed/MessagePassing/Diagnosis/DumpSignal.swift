import Synchronization

#if canImport(Glibc)
  import Glibc
#endif

/// SIGUSR2, which asks every rank for its ledger.
enum DumpSignal {
  private static let received = Atomic<Bool>(false)

  /// Catches the signal from now on.
  static func install() {
    // Touched before the handler can run: a signal handler must not be the first to initialise it.
    received.store(false, ordering: .relaxed)
    signal(SIGUSR2) { _ in DumpSignal.received.store(true, ordering: .relaxed) }
  }

  /// Whether the signal has come since the last time.
  static func take() -> Bool { received.exchange(false, ordering: .relaxed) }
}
