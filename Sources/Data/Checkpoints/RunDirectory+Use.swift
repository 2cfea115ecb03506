import Files
import Foundation

#if canImport(Glibc)
  import Glibc
#endif

extension RunDirectory {
  /// Whether a process of this node trains the run: it holds the lock of `environment.jsonl`.
  ///
  /// The kernel's table of locks is read. Trying the lock would take it for a moment, and refuse a
  /// run that starts just then.
  /// - Source: proc(5), `/proc/locks`: device and inode are the sixth field.
  public var isLocked: Bool {
    var status = stat()
    guard stat(path(of: .environment), &status) == 0,
      let locks = try? String(contentsOfFile: "/proc/locks", encoding: .utf8)
    else { return false }
    return locks.split(separator: "\n").contains { line in
      let fields = line.split(separator: " ", omittingEmptySubsequences: true)
      return fields.count > 5 && fields[1] == "FLOCK" && fields[5].hasSuffix(":\(status.st_ino)")
    }
  }

  /// Seconds since the last line of `metrics.jsonl`; nil without the file.
  public var secondsSinceMetrics: Double? {
    var status = stat()
    guard stat(path(of: .metrics), &status) == 0 else { return nil }
    return Date().timeIntervalSince1970 - Double(status.st_mtim.tv_sec)
  }
}
