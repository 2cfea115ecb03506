import CCrashReport

#if canImport(Glibc)
  import Glibc
#endif

/// The report that a process writes on standard error when it crashes.
///
/// It names signal, process, place in the program and thread, and holds the last lines of the log
/// and a backtrace. Where nobody has called ``install(executable:)``, the settings have no effect.
public enum CrashReport {
  /// First argument of the program when it is started to print a backtrace; see
  /// ``printBacktrace(ofProcess:)``.
  public static let backtraceOption = "--print-backtrace"

  /// Catches the signals of crashes from now on.
  ///
  /// Call it before MPI starts, whose own handler would say less.
  /// - Parameter executable: path of this program, which a crash starts with ``backtraceOption``
  ///   and the number of the crashed process.
  public static func install(executable: String) { ccrash_install(executable, backtraceOption) }

  /// Sets what the report says of the process, for example `rank 1 of 2 (host a)`.
  public static func setName(_ name: String) { ccrash_set_name(name) }

  /// Sets the place in the program; allocates nothing.
  ///
  /// - Parameter step: the training step; 0 outside of steps.
  public static func setPlace(step: Int, _ activity: StaticString) {
    activity.withUTF8Buffer { bytes in
      bytes.withMemoryRebound(to: CChar.self) { ccrash_set_place(Int64(step), $0.baseAddress) }
    }
  }

  /// Keeps a line of the log for the report.
  public static func keep(line: String) { ccrash_keep_line(line) }

  /// Takes the signals of crashes out of the mask of a thread that blocks all others.
  public static func excludeSignals(from mask: inout sigset_t) { ccrash_exclude_signals(&mask) }

  /// Names the calling thread, and lets it report an overflow of its stack.
  ///
  /// - Parameter name: debuggers show its first 15 bytes.
  public static func prepareThread(named name: String) {
    ccrash_name_thread(name)
    ccrash_use_alternate_stack()
  }

  /// Reads addresses from standard input, in hexadecimal and one a line, and prints the functions
  /// of the process that they lie in.
  public static func printBacktrace(ofProcess process: Int32) {
    var addresses: [UInt] = []
    while let line = readLine() {
      if let address = UInt(line, radix: 16) { addresses.append(address) }
    }
    let symbols = Symbolizer(process: process)
    for line in symbols.lines(for: addresses) { print("  \(line)") }
  }
}

extension CrashReport {
  /// Makes a crash wait for a debugger before it ends the process.
  public static func waitForDebuggerOnCrash() { ccrash_wait_for_debugger(true) }

  /// Prints where to attach a debugger, and returns when one has let the process go on.
  ///
  /// - Parameter place: as in `waits for a debugger at step 5`.
  public static func waitForDebugger(at place: String) { ccrash_await_debugger(place) }

  /// Whether a thread of this process waits for a debugger.
  public static var isWaitingForDebugger: Bool { ccrash_is_waiting() }

  /// Whether a debugger is attached to a process of this machine.
  public static func isDebugged(process: Int32) -> Bool { ccrash_is_traced(process) }
}
