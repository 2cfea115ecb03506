import Foundation

#if canImport(Glibc)
  import Glibc
#endif

/// Whether somebody looks at standard output while it is written.
///
/// Open MPI gives every rank a pseudo-terminal, also where mpirun's own output goes to a file or a
/// pipe; what counts is then the standard output of the process that started this one.
func outputIsTerminal() -> Bool {
  guard isatty(STDOUT_FILENO) == 1 else { return false }
  guard ProcessInfo.processInfo.environment["OMPI_COMM_WORLD_RANK"] != nil else { return true }
  let launcherOutput = "/proc/\(getppid())/fd/\(STDOUT_FILENO)"
  let target = try? FileManager.default.destinationOfSymbolicLink(atPath: launcherOutput)
  return target.map { $0.hasPrefix("/dev/pts/") || $0.hasPrefix("/dev/tty") } ?? false
}
