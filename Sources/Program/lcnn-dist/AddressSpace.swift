import MessagePassing

#if canImport(Glibc)
  import Glibc
#endif

/// The limit of the process's address space: `ulimit -v`, or VSizeFactor of Slurm.
enum AddressSpace {
  /// Bytes that libraries and the buffers of MPI and OpenBLAS may need before a network is built.
  ///
  /// Measured with Open MPI 4.1 and two threads: some starts at less than 0.75 GiB crash or hang within
  /// these libraries. Starts at more end with an error where the network does not fit.
  private static let least = 1 << 30

  /// Ends the program where libraries would not even start.
  static func endIfTooSmall() {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit) == 0,
      limit.rlim_cur < rlim_t(least)
    else { return }
    let error = LaunchError.smallAddressSpace(limit: Int(limit.rlim_cur), least: least)
    StandardStreams.log("lcnn-dist: \(error)")
    // exit() would wait for OpenBLAS's threads, which try for ever to take memory.
    _exit(error.exitStatus.rawValue)
  }
}
