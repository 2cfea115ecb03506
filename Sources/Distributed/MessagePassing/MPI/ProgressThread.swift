import Dispatch
import Foundation
import Synchronization

#if canImport(Glibc)
  import Glibc
#endif

/// A thread that does a little now and then, as long as there is something to do, while others compute.
///
/// It sleeps in between, so that even where all cores are busy it soon gets one, for microseconds.
final class ProgressThread: Sendable {
  /// What the thread itself keeps.
  private final class State: Sendable {
    let wake = DispatchSemaphore(value: 0)
    let isStopped = Atomic(false)
  }

  private let state = State()

  /// Starts it.
  ///
  /// - Parameter step: does something, and returns whether there is more to do. It should not keep the
  ///   thread's owner.
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

  /// Says that there is something to do again.
  func wake() { state.wake.signal() }
}
