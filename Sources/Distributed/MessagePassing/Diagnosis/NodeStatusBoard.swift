#if canImport(Glibc)
  import Glibc
#endif

/// Memory that the ranks of one host share: each publishes its ledger there, and reads the others'.
///
/// An unlinked file in /dev/shm, so that nothing is left however the job ends.
final class NodeStatusBoard: Sendable {
  private let descriptor: Int32
  private static let slotBytes = LedgerSnapshot.maximumWords * MemoryLayout<UInt64>.stride

  /// Opens the host's board.
  ///
  /// Collective over all ranks of the job. None where /dev/shm cannot be used: then ranks of this host
  /// do not see one another.
  init?(_ members: JobMembers, _ communicator: any Communicator) {
    // Each host's lowest rank makes it.
    let leader = members.localRanks[0]
    let path = "/dev/shm/lcnn-dist-\(String(members.job, radix: 16))-\(leader)"
    var opened: Int32 = -1
    if members.rank == leader { opened = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600) }
    communicator.barrier()
    if members.rank != leader { opened = open(path, O_RDWR | O_CLOEXEC) }
    communicator.barrier()
    if members.rank == leader && opened >= 0 { unlink(path) }
    if opened < 0 { return nil }
    descriptor = opened
  }

  deinit { close(descriptor) }

  /// A failure, as on a full /dev/shm, makes this rank silent; training does not depend on it.
  func write(_ words: [UInt64], rank: Int) {
    _ = words.withUnsafeBytes {
      pwrite(descriptor, $0.baseAddress, $0.count, rank * Self.slotBytes)
    }
  }

  func read(rank: Int) -> LedgerSnapshot? {
    LedgerSnapshot(
      [UInt64](unsafeUninitializedCapacity: LedgerSnapshot.maximumWords) { buffer, count in
        let bytes = pread(descriptor, buffer.baseAddress, Self.slotBytes, rank * Self.slotBytes)
        count = max(bytes, 0) / MemoryLayout<UInt64>.stride
      })
  }
}
