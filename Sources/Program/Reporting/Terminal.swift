import Foundation

#if canImport(Glibc)
  import Glibc
#endif

/// Whether the output of a rank is shown on a terminal.
///
/// mpirun gives its ranks pseudo-terminals even if its own output goes to a file. The ranks on its
/// node are its children, so under mpirun the parent's standard output decides. A terminal that
/// calls itself `dumb` cannot overwrite a line.
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
