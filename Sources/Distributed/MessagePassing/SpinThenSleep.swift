#if canImport(Glibc)
  import Glibc
#endif

/// A wait for other threads or processes that spins first, then yields its core, and sleeps in the
/// end.
///
/// Ranks of a training step mostly arrive within microseconds. Where ranks outnumber cores, the
/// late ones need the core.
enum SpinThenSleep {
  /// Looks before the core is yielded.
  private static let spins = 200
  /// Time during which the core is yielded between looks.
  ///
  /// A sleeper takes some 50 µs to wake, and may wake on the core of another thread, where it stays
  /// for a while: with a tenth of this, two threads on two cores were once measured a tenth slower.
  private static let patience = Duration.milliseconds(10)

  /// Returns the first outcome of `look` that is not nil, or else the outcome of `sleep`.
  @inline(__always)
  static func wait<Outcome>(_ look: () -> Outcome?, sleep: () -> Outcome) -> Outcome {
    for _ in 0..<spins {
      if let outcome = look() { return outcome }
    }
    let limit = ContinuousClock.now + patience
    repeat {
      sched_yield()
      if let outcome = look() { return outcome }
    } while ContinuousClock.now < limit
    return sleep()
  }
}
