#if canImport(Glibc)
  import Glibc
#endif

extension BLASCoreType {
  /// The outcome of ``reexecuteIfGeneric(arguments:)``, if the process goes on.
  public enum Outcome: Hashable, Sendable, CustomStringConvertible {
    /// The set suits the CPU, or OPENBLAS_CORETYPE was set by the user.
    case fine(core: String)
    /// The set suits the CPU because this process was restarted.
    case chosenByReexecution(core: String)
    /// The set is slow on this CPU, and a restart was not possible or did not help.
    case stillGeneric(core: String, advised: String)

    public var description: String {
      switch self {
      case .fine(let core): "OpenBLAS kernels: \(core)"
      case .chosenByReexecution(let core): "OpenBLAS kernels: \(core), chosen by this program"
      case .stillGeneric(let core, let advised):
        "OpenBLAS kernels: \(core), slow on this CPU; set \(coreTypeVariable)=\(advised) in the "
          + "environment"
      }
    }
  }

  /// Restarts the process with OPENBLAS_CORETYPE set, if OpenBLAS took a slow kernel set.
  ///
  /// Call it first in `main`, before MPI is initialized, a thread started or a file opened: the new
  /// process inherits arguments and environment, and starts from the beginning. The restart happens
  /// once. A value of OPENBLAS_CORETYPE that the user has set is respected.
  /// - Parameter arguments: the arguments of the new process, the program's name first.
  /// - Returns: the outcome, unless the process was replaced.
  public static func reexecuteIfGeneric(arguments: [String]) -> Outcome {
    var environment: [String: String] = [:]
    for name in [coreTypeVariable, guardVariable] {
      environment[name] = getenv(name).map { String(cString: $0) }
    }
    let core = current
    let wasChosen = environment[guardVariable] != nil
    let advised = advice(core: core, processor: .current, environment: environment)
    guard let advised else {
      return wasChosen ? .chosenByReexecution(core: core) : .fine(core: core)
    }
    if !wasChosen { reexecute(arguments: arguments, coreType: advised) }
    return .stillGeneric(core: core, advised: advised)
  }

  /// Returns only if the system refuses; the environment is then unchanged.
  private static func reexecute(arguments: [String], coreType: String) {
    setenv(coreTypeVariable, coreType, 1)
    setenv(guardVariable, "1", 1)
    var argumentPointers: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) }
    argumentPointers.append(nil)
    for path in executablePaths { execv(path, &argumentPointers) }
    for pointer in argumentPointers { free(pointer) }
    unsetenv(coreTypeVariable)
    unsetenv(guardVariable)
  }

  /// Paths of this program's file, the better one first.
  ///
  /// The kernel names a process after the path that it was started by, and `pgrep lcnn-dist` looks
  /// for that name: the link serves only where the file has been moved or replaced.
  private static var executablePaths: [String] {
    let link = "/proc/self/exe"
    let target = withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(PATH_MAX)) { path in
      guard let start = path.baseAddress else { return String?.none }
      let count = readlink(link, start, path.count)
      return count > 0 && count < path.count
        ? String(decoding: path[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self) : nil
    }
    return [target, link].compactMap { $0 }
  }
}
