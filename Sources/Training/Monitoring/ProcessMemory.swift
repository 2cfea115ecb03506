import Foundation

#if canImport(Glibc)
  import Glibc
#endif

/// The memory of this process, as the operating system tells it.
public enum ProcessMemory {
  /// The largest resident size since the start of the program, in bytes, if the system tells it.
  ///
  /// getrusage is not asked: its maximum begins with that of the program's parent.
  public static var largestResidentBytes: Int? { bytes("VmHWM:") }

  /// The present resident size, in bytes, if the system tells it.
  public static var residentBytes: Int? { bytes("VmRSS:") }

  private static func bytes(_ name: String) -> Int? {
    guard let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)
    else { return nil }
    let line = status.split(separator: "\n").first { $0.hasPrefix(name) }
    let words = line?.split(whereSeparator: \.isWhitespace) ?? []
    guard words.count == 3, words[2] == "kB", let kibibytes = Int(words[1]) else { return nil }
    return kibibytes * 1024
  }

  /// RUSAGE_THREAD of Linux, which Swift's Glibc does not show.
  private static let callingThread: __rusage_who_t = 1

  /// The number of page faults of the calling thread.
  public static var pageFaultsOfThread: Int {
    var usage = rusage()
    getrusage(callingThread, &usage)
    return usage.ru_minflt + usage.ru_majflt
  }
}
