import CMPI
import Synchronization

/// Sums that proceed beside what a rank computes.
extension MPICommunicator {
  public func startAllreduce(_ buffer: UnsafeMutableBufferPointer<Float>) {
    start(UnsafeMutableRawBufferPointer(buffer), .floats)
  }

  public func startAllreduce(_ buffer: UnsafeMutableBufferPointer<Int64>) {
    start(UnsafeMutableRawBufferPointer(buffer), .integers)
  }

  public func progress() {
    Self.turn.withLock { _ in progressParts(upTo: partsBesideComputing) }
  }

  public func waitForAllreduces() {
    Self.turn.withLock { _ in
      // Nothing computes any more, and nothing else waits for the link.
      progressParts(upTo: AllreduceQueue.capacity)
      while let request = started.oldest {
        check(cmpi_wait(request), "MPI_Wait")
        started.end()
        begin(upTo: AllreduceQueue.capacity)
      }
    }
  }

  /// A sum of another communicator waits behind two of these on the link: 2 ms at 1 Gb/s.
  private static let partBytes = 128 << 10
  /// Two parts take 2 ms at 1 Gb/s, and each takes several calls.
  private static let period = Duration.microseconds(100)

  /// Parts that are under way while ranks compute: one of them moves while the other is looked after.
  ///
  /// Where nobody but the computing thread may call MPI it comes by rarely, so all are to proceed by themselves.
  private var partsBesideComputing: Int { allowsOtherThreads ? 2 : AllreduceQueue.capacity }

  /// The largest part, in bytes; as large as MPI's counts allow where parts are rarely looked after.
  private var partBytes: Int { allowsOtherThreads ? Self.partBytes : Int(Int32.max) }

  private func start(_ buffer: UnsafeMutableRawBufferPointer, _ elements: AllreduceQueue.Elements) {
    guard let base = buffer.baseAddress, !buffer.isEmpty else { return }
    Self.turn.withLock { _ in
      started.append(base, count: buffer.count / elements.bytes, elements)
      progressParts(upTo: partsBesideComputing)
    }
    guard allowsOtherThreads else { return }
    progressThread.withLock { thread in
      if thread == nil {
        thread = ProgressThread(name: "allreduce", every: Self.period) { [weak self] in
          self?.progressBesideComputing() ?? false
        }
      }
      thread?.wake()
    }
  }

  /// Whether sums are left; where MPI is being called anyway, that call lets them proceed.
  private func progressBesideComputing() -> Bool {
    Self.turn.withLockIfAvailable { _ in
      progressParts(upTo: partsBesideComputing)
      return !started.isEmpty
    } ?? true
  }

  /// Lets parts proceed, and starts others until `limit` are under way; in turn.
  private func progressParts(upTo limit: Int) {
    while let request = started.oldest {
      var hasEnded: Int32 = 0
      check(cmpi_test(request, &hasEnded), "MPI_Test")
      if hasEnded == 0 { break }
      started.end()
    }
    begin(upTo: limit)
  }

  private func begin(upTo limit: Int) {
    while started.areUnderWay < limit, let (part, request) = started.begin(bytes: partBytes) {
      let count = Int32(part.count)
      let code =
        switch part.elements {
        case .floats:
          cmpi_iallreduce_float(
            handle, part.start.assumingMemoryBound(to: Float.self), count, request)
        case .integers:
          cmpi_iallreduce_int64(
            handle, part.start.assumingMemoryBound(to: Int64.self), count, request)
        }
      check(code, "MPI_Iallreduce")
    }
  }
}
