import CMPI
import Synchronization

/// Allreduces that proceed while the rank computes.
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
      // The rank no longer computes, and nothing else waits for the link.
      progressParts(upTo: AllreduceQueue.capacity)
      while let request = started.oldest {
        check(cmpi_wait(request), "MPI_Wait")
        started.end()
        begin(upTo: AllreduceQueue.capacity)
      }
    }
  }

  /// An allreduce of another communicator waits behind two of these on the link: 2 ms at 1 Gb/s.
  private static let partBytes = 128 << 10
  /// Time between two calls of MPI: two parts take 2 ms at 1 Gb/s, and each takes several calls.
  private static let period = Duration.microseconds(100)

  /// Number of active parts while the rank computes: one moves while MPI completes the other.
  ///
  /// All parts are active where only the computing thread may call MPI, since it calls MPI rarely.
  private var partsBesideComputing: Int { allowsOtherThreads ? 2 : AllreduceQueue.capacity }

  /// Largest part, in bytes; as large as MPI's counts allow where MPI is called rarely.
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

  /// Lets parts proceed, unless another thread is calling MPI, and returns whether parts are left.
  private func progressBesideComputing() -> Bool {
    Self.turn.withLockIfAvailable { _ in
      progressParts(upTo: partsBesideComputing)
      return !started.isEmpty
    } ?? true
  }

  /// Lets parts proceed, and starts others until `limit` are active; call it with the lock.
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
    while started.activeCount < limit, let (part, request) = started.begin(bytes: partBytes) {
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
