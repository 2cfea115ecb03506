import Dispatch

/// Threads that only wait, until the object goes: the system allows as many.
///
/// What will start threads later can so be refused before it has touched the disk.
public final class SpareThreads {
  private let end = DispatchSemaphore(value: 0)
  private var threads: [WorkerThread] = []

  /// - Parameter names: one for each thread, as for ``WorkerThread``.
  public init(_ names: [String]) throws(ThreadError) {
    for name in names { threads.append(try WorkerThread(name) { [end] in end.wait() }) }
  }

  deinit {
    for _ in threads { end.signal() }
    for thread in threads { thread.join() }
  }
}
