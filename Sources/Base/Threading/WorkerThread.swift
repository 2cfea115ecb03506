import CrashReports
import Failures

#if canImport(Glibc)
  import Glibc
#endif

/// A thread that receives no signals but its own faults: the others reach the threads that handle
/// them.
public struct WorkerThread: Sendable {
  private let handle: pthread_t

  /// Stack of the first thread of a process on most systems; a limit of the shell does not change
  /// it.
  private static let stackBytes = 8 << 20

  /// Attempts to start a thread, a millisecond apart.
  private static let attempts = 50

  /// Carries the closure to the thread.
  private final class Start: Sendable {
    let body: @Sendable () -> Void

    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
  }

  /// Starts a thread that runs `body`.
  ///
  /// - Parameter name: as the error names the thread, for example `thread 2 of 8`.
  public init(_ name: String, _ body: @escaping @Sendable () -> Void) throws(ThreadError) {
    // The new thread inherits the mask.
    var all = sigset_t()
    var previous = sigset_t()
    sigfillset(&all)
    // The kernel ends a process at once whose thread faults with the signal blocked.
    CrashReport.excludeSignals(from: &all)
    pthread_sigmask(SIG_SETMASK, &all, &previous)
    defer { pthread_sigmask(SIG_SETMASK, &previous, nil) }
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    defer { pthread_attr_destroy(&attributes) }
    pthread_attr_setstacksize(&attributes, Self.stackBytes)
    let start = Unmanaged.passRetained(
      Start {
        CrashReport.prepareThread(named: name)
        body()
      })
    var handle = pthread_t()
    var status = EAGAIN
    // The system counts a thread for a moment after its end was awaited.
    for attempt in 0..<Self.attempts where status == EAGAIN {
      if attempt > 0 { usleep(1000) }
      status = pthread_create(
        &handle, &attributes,
        { start in
          guard let start else { return nil }
          Unmanaged<Start>.fromOpaque(start).takeRetainedValue().body()
          return nil
        }, start.toOpaque())
    }
    guard status == 0 else {
      start.release()
      throw ThreadError(thread: name, code: status)
    }
    self.handle = handle
  }

  /// Returns when the thread has ended.
  ///
  /// Call it once.
  public func join() { pthread_join(handle, nil) }
}

/// The system refused a thread.
public struct ThreadError: Failure, Equatable, Sendable {
  /// Name of the thread, for example `thread 2 of 8`.
  public let thread: String
  /// The system's error number.
  public let code: Int32

  public var exitStatus: ExitStatus { .outOfMemory }

  public var description: String {
    "the system refused \(thread): \(String(cString: strerror(code))); lower --threads"
  }
}
