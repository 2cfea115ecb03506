import CMPI
import Failures

/// The sums that one communicator has started: parts of their buffers, made in order, a few at a time.
///
/// MPI sends what it has been given in order, so a sum of another communicator waits on the link behind all
/// parts under way. They are therefore small and few; the rest is started as they end. Which parts there are
/// depends on the buffers alone, and they are the same on all ranks.
///
/// Used by one thread at a time, under the lock that MPI is called under.
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

  /// Parts that may be under way where nothing else needs the link.
  static let capacity = 16

  /// The elements of one sum of which no part has been started.
  private struct Rest {
    var start: UnsafeMutableRawPointer
    var count: Int
    let elements: Elements
  }

  private var sums: [Rest] = []
  /// The first of `sums` that has a rest.
  private var next = 0
  private let requests = UnsafeMutableBufferPointer<cmpi_request>.allocate(capacity: capacity)
  /// Parts that have been started since the last time that none was left, and those of them that have ended.
  private var (begun, ended) = (0, 0)

  init() {
    requests.initialize(repeating: cmpi_request())
    // Room for a step of many small buckets; more of them grow it, once.
    sums.reserveCapacity(256)
  }

  deinit { requests.deallocate() }

  var areUnderWay: Int { begun - ended }

  var isEmpty: Bool { next == sums.count && begun == ended }

  func append(_ start: UnsafeMutableRawPointer, count: Int, _ elements: Elements) {
    if count > 0 { sums.append(Rest(start: start, count: count, elements: elements)) }
  }

  /// The next part, of `bytes` or what is left of its sum, and where its request is to be written.
  ///
  /// None if all have been started.
  func begin(bytes: Int) -> (part: Part, request: UnsafeMutablePointer<cmpi_request>)? {
    guard next < sums.count else { return nil }
    let count = min(sums[next].count, max(1, bytes / sums[next].elements.bytes))
    let part = Part(start: sums[next].start, count: count, elements: sums[next].elements)
    sums[next].start += count * part.elements.bytes
    sums[next].count -= count
    if sums[next].count == 0 { next += 1 }
    begun += 1
    return (part, request(begun - 1))
  }

  /// The oldest part's request; none if no part is under way.
  var oldest: UnsafeMutablePointer<cmpi_request>? { begun > ended ? request(ended) : nil }

  /// Forgets the oldest part, which has ended.
  func end() {
    ended += 1
    if isEmpty {
      (begun, ended, next) = (0, 0, 0)
      sums.removeAll(keepingCapacity: true)
    }
  }

  private func request(_ part: Int) -> UnsafeMutablePointer<cmpi_request> {
    guard let base = requests.baseAddress, begun - ended <= Self.capacity else {
      unreachable("\(begun - ended) parts under way; \(Self.capacity) at most")
    }
    return base + part % Self.capacity
  }
}
