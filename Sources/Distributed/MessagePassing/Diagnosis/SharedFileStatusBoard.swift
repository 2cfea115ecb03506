import Foundation
import Synchronization

#if canImport(Glibc)
  import Glibc
#endif

/// A file per rank in the run directory, by which ranks of different hosts see one another.
///
/// It needs a file system that the hosts share. A thread of its own reads and writes, because a file
/// server that does not answer must not hold up the watchdog; what it has read last stays known.
/// While all goes well a rank's file is rewritten every ten periods, and at every period while the rank
/// makes no progress.
package final class SharedFileStatusBoard: Sendable {
  private struct State {
    var outgoing: [UInt64] = []
    var isUrgent = false
    var incoming: [Int: LedgerSnapshot] = [:]
  }

  private let state = Mutex(State())
  /// Whether this rank's file is written no more; held while it is.
  private let isClosed = Mutex(false)
  private let members: JobMembers
  private let directory: String

  /// - Parameter directory: exists.
  package init(_ members: JobMembers, directory: String, period: Duration) {
    self.members = members
    self.directory = directory
    let thread = Thread { [self] in run(period) }
    thread.name = "watch files"
    thread.start()
  }

  /// Takes what is to be written next.
  package func offer(_ words: [UInt64], isUrgent: Bool) {
    state.withLock {
      $0.outgoing.replaceSubrange(0..<$0.outgoing.count, with: words)
      $0.isUrgent = isUrgent
    }
  }

  /// The newest that has been read of a rank.
  package func read(rank: Int) -> LedgerSnapshot? { state.withLock { $0.incoming[rank] } }

  /// Ends the thread and removes this rank's file; the last rank's call removes the directory too, if
  /// there is nothing else in it.
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

  /// Opened and closed each time: only that makes a network file system pass the contents on.
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

/// As file names carry it: `0003`.
func paddedRank(_ rank: Int) -> String {
  String(repeating: "0", count: max(0, 4 - "\(rank)".count)) + "\(rank)"
}
