import CMPI
import Preconditions

/// Room for the collectives that one communicator has started and not yet finished, made once.
///
/// Used by one thread at a time, like the communicator.
final class RequestPool: @unchecked Sendable {
  /// More than the layers of any network here, so that a step with a bucket per layer does not wait.
  static let capacity = 256

  private let requests = UnsafeMutableBufferPointer<cmpi_request>.allocate(capacity: capacity)
  private var count = 0

  init() { requests.initialize(repeating: cmpi_request()) }

  deinit { requests.deallocate() }

  /// Whether those started must be finished before another one can be.
  var isFull: Bool { count == requests.count }

  /// Where the next request is to be written.
  func next() -> UnsafeMutablePointer<cmpi_request> {
    guard !isFull, let base = requests.baseAddress else {
      unreachable("more than \(requests.count) collectives started")
    }
    count += 1
    return base + (count - 1)
  }

  /// Those started, in the order of their starts.
  func forEach(_ body: (UnsafeMutablePointer<cmpi_request>) -> Void) {
    guard let base = requests.baseAddress else { return }
    for index in 0..<count { body(base + index) }
  }

  func clear() { count = 0 }
}
