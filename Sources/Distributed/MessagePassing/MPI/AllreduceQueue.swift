import CMPI
import Failures

/// The started allreduces of one communicator, divided into parts that MPI makes in order, a few at
/// a time.
///
/// MPI sends data in the order of the calls, so an allreduce of another communicator waits on the
/// link behind all active parts. Parts are therefore small and few; others are started as these
/// end. The parts depend on the buffers only, so they are equal on all ranks.
///
/// Used by one thread at a time, with the lock that guards calls of MPI.
final class AllreduceQueue: @unchecked Sendable {
  enum Elements {
    case floats, integers

    var bytes: Int {
      switch self {
      case .floats: MemoryLayout<Float>.stride
      case .integers: MemoryLayout<Int64>.stride
      }
    }
  }

  struct Part {
    let start: UnsafeMutableRawPointer
    let count: Int
    let elements: Elements
  }

  /// Largest number of active parts, where nothing else needs the link.
  static let capacity = 16

  /// The elements of one allreduce of which no part has been started.
  private struct Rest {
    var start: UnsafeMutableRawPointer
    var count: Int
    let elements: Elements
  }

  private var rests: [Rest] = []
  /// Index of the first of `rests` with elements.
  private var next = 0
  private let requests = UnsafeMutableBufferPointer<cmpi_request>.allocate(capacity: capacity)
  /// Parts started and parts ended since the queue was last empty.
  private var (begun, ended) = (0, 0)

  init() {
    requests.initialize(repeating: cmpi_request())
    // Room for a step of many small buckets; it grows once where a step has more.
    rests.reserveCapacity(256)
  }

  deinit { requests.deallocate() }

  var activeCount: Int { begun - ended }

  var isEmpty: Bool { next == rests.count && begun == ended }

  func append(_ start: UnsafeMutableRawPointer, count: Int, _ elements: Elements) {
    if count > 0 { rests.append(Rest(start: start, count: count, elements: elements)) }
  }

  /// The next part, of at most `bytes`, and the memory for its request.
  ///
  /// Nil if all parts have been started.
  func begin(bytes: Int) -> (part: Part, request: UnsafeMutablePointer<cmpi_request>)? {
    guard next < rests.count else { return nil }
    let count = min(rests[next].count, max(1, bytes / rests[next].elements.bytes))
    let part = Part(start: rests[next].start, count: count, elements: rests[next].elements)
    rests[next].start += count * part.elements.bytes
    rests[next].count -= count
    if rests[next].count == 0 { next += 1 }
    begun += 1
    return (part, request(begun - 1))
  }

  /// Request of the oldest active part; nil if no part is active.
  var oldest: UnsafeMutablePointer<cmpi_request>? { begun > ended ? request(ended) : nil }

  /// Removes the oldest active part, which has ended.
  func end() {
    ended += 1
    if isEmpty {
      (begun, ended, next) = (0, 0, 0)
      rests.removeAll(keepingCapacity: true)
    }
  }

  private func request(_ part: Int) -> UnsafeMutablePointer<cmpi_request> {
    guard let base = requests.baseAddress, begun - ended <= Self.capacity else {
      unreachable("\(begun - ended) active parts; \(Self.capacity) at most")
    }
    return base + part % Self.capacity
  }
}
