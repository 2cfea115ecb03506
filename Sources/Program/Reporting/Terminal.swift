import Foundation

#if canImport(Glibc)
  import Glibc
#endif

/// Whether what a rank prints is seen on a terminal.
///
/// mpirun gives its ranks pseudo-terminals even where its own output goes into a file. The ranks beside it
/// are its children, so under mpirun the parent's standard output decides. A terminal that calls itself
/// `dumb` cannot overwrite a line.
enum Terminal {
  static var isInteractive: Bool {
    guard isatty(STDOUT_FILENO) == 1 else { return false }
    let environment = ProcessInfo.processInfo.environment
    guard environment["TERM"] != "dumb" else { return false }
    guard environment["OMPI_COMM_WORLD_RANK"] != nil || environment["PMI_RANK"] != nil else {
      return true
    }
    let output = "/proc/\(getppid())/fd/\(STDOUT_FILENO)"
    guard let target = try? FileManager.default.destinationOfSymbolicLink(atPath: output) else {
      return false
    }
    return target.hasPrefix("/dev/pts/") || target.hasPrefix("/dev/tty")
  }
}
