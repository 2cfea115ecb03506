import Foundation
import Synchronization

#if canImport(Glibc)
  import Glibc
#endif

/// One file per rank in the run directory, by which ranks of different nodes see one another.
///
/// The nodes must share the file system. A separate thread reads and writes, because a file server
/// that does not answer must not hold up the watchdog; the board keeps the last snapshot that it
/// has read. A rank writes its file every ten periods, and every period while it makes no progress.
package final class SharedFileStatusBoard: Sendable {
  private struct State {
    var outgoing: [UInt64] = []
    var isUrgent = false
    var incoming: [Int: LedgerSnapshot] = [:]
  }

  private let state = Mutex(State())
  /// Whether this rank's file is written no more; locked during a write.
  private let isClosed = Mutex(false)
  private let members: JobMembers
  private let directory: String

  /// - Parameter directory: an existing directory.
  package init(_ members: JobMembers, directory: String, period: Duration) {
    self.members = members
    self.directory = directory
    let thread = Thread { [self] in run(period) }
    thread.name = "watch files"
    thread.start()
  }

  /// Sets the words that the thread writes next.
  package func offer(_ words: [UInt64], isUrgent: Bool) {
    state.withLock {
      $0.outgoing.replaceSubrange(0..<$0.outgoing.count, with: words)
      $0.isUrgent = isUrgent
    }
  }

  /// The newest snapshot that has been read of a rank.
  package func read(rank: Int) -> LedgerSnapshot? { state.withLock { $0.incoming[rank] } }

  /// Ends the thread and removes this rank's file.
  ///
  /// The call of the last rank removes the directory too, if nothing else is in it.
  package func stop() {
    isClosed.withLock {
      $0 = true
      unlink(path(of: members.rank))
      rmdir(directory)
    }
  }

  private func path(of rank: Int) -> String { "\(directory)/rank-\(paddedRank(rank)).ledger" }

  private func run(_ period: Duration) {
    var round = 0
    while !isClosed.withLock(\.self) {
      let (words, isUrgent) = state.withLock { ($0.outgoing, $0.isUrgent) }
      if isUrgent || round % 10 == 0 {
        isClosed.withLock { if !$0 && !words.isEmpty { write(words) } }
        for rank in members.remoteRanks {
          guard let snapshot = read(path(of: rank)), snapshot.header.job == members.job else {
            continue
          }
          state.withLock { $0.incoming[rank] = snapshot }
        }
      }
      round += 1
      Thread.sleep(forTimeInterval: period / .seconds(1))
    }
  }

  /// Opens and closes the file each time: a network file system passes the contents on only then.
  private func write(_ words: [UInt64]) {
    let descriptor = open(path(of: members.rank), O_WRONLY | O_CREAT | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { return }
    _ = words.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, 0) }
    close(descriptor)
  }

  private func read(_ path: String) -> LedgerSnapshot? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    return LedgerSnapshot(
      [UInt64](unsafeUninitializedCapacity: LedgerSnapshot.maximumWords) { buffer, count in
        let capacity = buffer.count * MemoryLayout<UInt64>.stride
        count =
          max(pread(descriptor, buffer.baseAddress, capacity, 0), 0)
          / MemoryLayout<UInt64>.stride
      })
  }
}

/// A rank in a file name: `0003`.
func paddedRank(_ rank: Int) -> String {
  String(repeating: "0", count: max(0, 4 - "\(rank)".count)) + "\(rank)"
}
