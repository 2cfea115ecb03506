import Foundation

#if canImport(Glibc)
  import Glibc
#endif

/// The terminal behind an output of a rank, if people watch it.
///
/// mpirun gives its ranks pseudo-terminals or pipes, whatever its own output is. The ranks on its
/// node are its children, so under mpirun the parent's output decides. A terminal that calls itself
/// `dumb` cannot overwrite a line.
final class Terminal {
  private let descriptor: Int32
  /// Whether the launcher may print there too.
  let isLaunchers: Bool

  /// Nil if the output is no terminal, or a dumb one.
  init?(_ output: Int32, environment: [String: String] = ProcessInfo.processInfo.environment) {
    guard environment["TERM"] != "dumb" else { return nil }
    let isRank = environment["OMPI_COMM_WORLD_RANK"] != nil || environment["PMI_RANK"] != nil
    if !isRank && isatty(output) != 1 { return nil }
    let link = "/proc/\(isRank ? "\(getppid())" : "self")/fd/\(output)"
    guard let target = try? FileManager.default.destinationOfSymbolicLink(atPath: link),
      target.hasPrefix("/dev/pts/") || target.hasPrefix("/dev/tty")
    else { return nil }
    // Only asked for its size.
    isLaunchers = isRank
    descriptor = open(target, O_RDONLY | O_NOCTTY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { return nil }
  }

  deinit { close(descriptor) }

  /// Size of the window at present, which its user may change at any time.
  var size: (columns: Int, rows: Int) {
    var window = winsize()
    guard ioctl(descriptor, UInt(TIOCGWINSZ), &window) == 0, window.ws_col > 0 else {
      return (80, 24)
    }
    return (Int(window.ws_col), max(Int(window.ws_row), 1))
  }
}
