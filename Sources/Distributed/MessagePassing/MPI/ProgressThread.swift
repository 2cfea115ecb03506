import Dispatch
import Foundation
import Synchronization

#if canImport(Glibc)
  import Glibc
#endif

/// A thread that makes a short step again and again, as long as there is work, while other threads
/// compute.
///
/// It sleeps between steps. So even where all cores are busy, it soon gets one for some
/// microseconds.
final class ProgressThread: Sendable {
  /// State that the thread keeps after its owner is gone.
  private final class State: Sendable {
    let wake = DispatchSemaphore(value: 0)
    let isStopped = Atomic(false)
  }

  private let state = State()

  /// Starts the thread.
  ///
  /// - Parameter step: makes one step and returns whether there is more work. It should not retain
  ///   the owner of the thread.
  init(name: String, every period: Duration, _ step: @escaping @Sendable () -> Bool) {
    let pause = useconds_t(period / .microseconds(1))
    let thread = Thread { [state] in
      while true {
        state.wake.wait()
        if state.isStopped.load(ordering: .acquiring) { return }
        while step() { usleep(pause) }
      }
    }
    thread.name = name
    thread.start()
  }

  deinit {
    state.isStopped.store(true, ordering: .releasing)
    state.wake.signal()
  }

  /// Tells the thread that there is work again.
  func wake() { state.wake.signal() }
}
