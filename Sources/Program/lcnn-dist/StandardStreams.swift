import Failures
import Files
import Foundation

#if canImport(Glibc)
  import Glibc
#endif

/// Standard input, output and error of the process, which may be closed, full or without a reader.
enum StandardStreams {
  /// Gives closed streams a descriptor, and ignores the signals that would end a run without a word.
  ///
  /// Without it, the first file that is opened would become the standard output and get its lines.
  static func protect() {
    for descriptor in STDIN_FILENO...STDERR_FILENO where fcntl(descriptor, F_GETFD) < 0 {
      // open(2) takes the lowest free descriptor, which is this one.
      _ = open("/dev/null", O_RDWR)
    }
    // A pipe whose reader is gone: `train | head`, or a terminal that was closed.
    signal(SIGPIPE, SIG_IGN)
    // It asks the watchdog for a dump, which may be off.
    signal(SIGUSR2, SIG_IGN)
  }

  /// Writes a line on standard error; a fault of the stream is ignored.
  static func log(_ line: String) {
    let bytes = Array("\(line.withVisibleControls)\n".utf8)
    bytes.withUnsafeBytes { bytes in
      var written = 0
      while written < bytes.count {
        let rest = UnsafeRawBufferPointer(rebasing: bytes[written...])
        let count = Glibc.write(STDERR_FILENO, rest.baseAddress, rest.count)
        if count < 0 && errno != EINTR { return }
        written += max(count, 0)
      }
    }
  }

  /// Writes what is left for standard output.
  ///
  /// A reader or a terminal that has gone had enough; a disk that is full is an error.
  static func flush() throws(FileError) {
    guard fflush(nil) != 0 else { return }
    let code = errno
    guard code != EPIPE, !(code == EIO && isDevice(STDOUT_FILENO)) else { return }
    throw FileError("write", "standard output", code: code)
  }

  private static func isDevice(_ descriptor: Int32) -> Bool {
    var status = stat()
    return fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFCHR
  }
}

/// Prints a line on standard output, with control characters as their numbers.
///
/// It stands for Swift's function in every command: names come from files.
func print(_ line: String, terminator: String = "\n") {
  Swift.print(line.withVisibleControls, terminator: terminator)
}
