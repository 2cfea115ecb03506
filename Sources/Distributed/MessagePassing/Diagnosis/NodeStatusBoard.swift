#if canImport(Glibc)
  import Glibc
#endif

/// Memory of a node in which each rank publishes its ledger and reads those of the others.
///
/// It is an unlinked file in /dev/shm: nothing is left, however the job ends.
final class NodeStatusBoard: Sendable {
  private let descriptor: Int32
  private static let slotBytes = LedgerSnapshot.maximumWords * MemoryLayout<UInt64>.stride

  /// Opens the board of the node.
  ///
  /// Collective over all ranks of the job. Nil if /dev/shm cannot be used; the ranks of the node
  /// then do not see one another.
  init?(_ members: JobMembers, _ communicator: any Communicator) {
    // The lowest rank of each node creates the file.
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

  /// Publishes the words of this rank.
  ///
  /// A failure, for example a full /dev/shm, makes the rank silent; training does not depend on it.
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
