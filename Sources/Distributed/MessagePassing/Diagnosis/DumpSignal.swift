import Synchronization

#if canImport(Glibc)
  import Glibc
#endif

/// The signal SIGUSR2, by which a user asks every rank for its ledger.
enum DumpSignal {
  private static let received = Atomic<Bool>(false)

  /// Catches the signal from now on.
  static func install() {
    // A signal handler must not be the first to use the variable, which initialises it.
    received.store(false, ordering: .relaxed)
    signal(SIGUSR2) { _ in DumpSignal.received.store(true, ordering: .relaxed) }
  }

  /// Whether the signal has arrived since the last call.
  static func take() -> Bool { received.exchange(false, ordering: .relaxed) }
}
