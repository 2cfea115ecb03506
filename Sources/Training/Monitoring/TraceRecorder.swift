import Failures
import MessagePassing
import Networks

#if canImport(Glibc)
  import Glibc
#endif

/// Records what this rank does in its steps, with the times of a clock that all ranks of a node share.
///
/// It allocates its memory at the start and records until that is full, so tracing costs the same for
/// a run of any length.
package final class TraceRecorder: StepProbe {
  /// Number of spans that are kept: some hundred steps of a ResNet-18.
  package static let capacity = 65_536

  /// A span of time on one rank.
  package struct Span: BitwiseCopyable, Sendable {
    package enum Kind: UInt8, BitwiseCopyable, Sendable {
      case step, phase, layer, batchNorm, gradients, data, checkpoint
    }

    package let kind: Kind
    /// Index of the phase or the sweep in `allCases`.
    package let code: UInt8
    /// Index of the layer in the chain; 0 for other kinds.
    package let block: UInt16
    /// The step, from 1.
    package let step: UInt32
    /// Bytes of a collective.
    let bytes: Int
    /// Nanoseconds of the node's monotonic clock.
    package let start: UInt64
    package let end: UInt64
  }

  package private(set) var spans: [Span] = []
  private var step: UInt32 = 0
  private var stepStart: UInt64 = 0
  private var phase: (code: UInt8, start: UInt64)?
  private var layerStart: UInt64 = 0

  package init() { spans.reserveCapacity(Self.capacity) }

  private var isFull: Bool { spans.count >= Self.capacity }

  // MARK: The step

  package func begin(step: Int) {
    self.step = UInt32(step)
    stepStart = Self.now()
  }

  package func enter(_ phase: StepPhase) {
    let now = Self.now()
    close(now)
    self.phase = (Self.code(of: phase), now)
  }

  package func leave() {
    let now = Self.now()
    close(now)
    phase = nil
    add(.step, from: stepStart, to: now)
  }

  package func begin(_ sweep: Sweep, block: Int) { layerStart = Self.now() }

  package func end(_ sweep: Sweep, block: Int) {
    add(.layer, code: Self.code(of: sweep), block: UInt16(block), from: layerStart, to: Self.now())
  }

  // MARK: Between steps

  /// Records a span of another kind that ends now.
  func ended(_ kind: Span.Kind, after duration: Duration) {
    let now = Self.now()
    add(kind, from: now - min(duration.nanoseconds, now), to: now)
  }

  /// The recorder of the collectives of one kind.
  package func collectives(_ kind: Span.Kind) -> any CollectiveRecorder {
    Collectives(trace: self, kind: kind)
  }

  private final class Collectives: CollectiveRecorder {
    private let trace: TraceRecorder
    private let kind: Span.Kind

    init(trace: TraceRecorder, kind: Span.Kind) {
      self.trace = trace
      self.kind = kind
    }

    func collective(bytes: Int, duration: Duration) {
      let now = TraceRecorder.now()
      trace.add(kind, bytes: bytes, from: now - min(duration.nanoseconds, now), to: now)
    }
  }

  // MARK: Memory and time

  private func close(_ now: UInt64) {
    if let phase { add(.phase, code: phase.code, from: phase.start, to: now) }
  }

  private func add(
    _ kind: Span.Kind, code: UInt8 = 0, block: UInt16 = 0, bytes: Int = 0, from start: UInt64,
    to end: UInt64
  ) {
    guard !isFull else { return }
    spans.append(
      Span(
        kind: kind, code: code, block: block, step: step, bytes: bytes, start: start, end: end))
  }

  // Computed once: a step allocates nothing.
  private static let phases = StepPhase.allCases
  private static let sweeps = Sweep.allCases

  private static func code(of phase: StepPhase) -> UInt8 {
    UInt8(phases.firstIndex(of: phase) ?? 0)
  }

  private static func code(of sweep: Sweep) -> UInt8 {
    UInt8(sweeps.firstIndex(of: sweep) ?? 0)
  }

  static func now() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }
}

extension Duration {
  fileprivate var nanoseconds: UInt64 {
    UInt64(max(components.seconds, 0)) * 1_000_000_000
      + UInt64(max(components.attoseconds, 0) / 1_000_000_000)
  }
}
