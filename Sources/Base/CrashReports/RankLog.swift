import Foundation
import Synchronization

/// The log of this rank: lines on standard error if it is verbose, the newest ones always in the
/// report of a crash.
///
/// Each line begins with the seconds since the start of the process, so that the lines of the
/// start-up are its phases.
public enum RankLog {
  private static let prefix = Mutex<String?>(nil)

  /// Writes every line on standard error from now on, after `name`.
  public static func beVerbose(as name: String) { prefix.withLock { $0 = name } }

  public static func debug(_ line: String) {
    let text = String(format: "+%.3f s  ", secondsSinceStart()) + line
    CrashReport.keep(line: text)
    guard let prefix = prefix.withLock({ $0 }) else { return }
    // One write, so that the lines of ranks do not mix.
    let whole = "debug \(prefix): \(text)\n"
    _ = whole.withCString { write(STDERR_FILENO, $0, strlen($0)) }
  }

  /// Seconds since the kernel started the process, also if that has executed itself again; within
  /// 10 ms.
  public static func secondsSinceStart() -> Double {
    var now = timespec()
    clock_gettime(CLOCK_BOOTTIME, &now)
    return Double(now.tv_sec) + Double(now.tv_nsec) * 1e-9 - start
  }

  /// Seconds from the start of the system to that of the process (proc(5), field 22 of stat).
  private static let start: Double = {
    let stat = (try? String(contentsOfFile: "/proc/self/stat", encoding: .utf8)) ?? ""
    // The name, field 2, stands in parentheses and may hold spaces.
    let fields = stat[(stat.lastIndex(of: ")") ?? stat.startIndex)...].split(separator: " ")
    let ticks = fields.count > 20 ? Double(fields[20]) ?? 0 : 0
    return ticks / Double(sysconf(Int32(_SC_CLK_TCK)))
  }()
}
