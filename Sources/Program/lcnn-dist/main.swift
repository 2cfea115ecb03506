import ArgumentParser
import CrashReports
import Failures
import Foundation
import Kernels
import MessagePassing

// A crashed process starts the program so.
if CommandLine.arguments.count == 3, CommandLine.arguments[1] == CrashReport.backtraceOption,
  let process = Int32(CommandLine.arguments[2])
{
  CrashReport.printBacktrace(ofProcess: process)
  exit(ExitStatus.success.rawValue)
}

StandardStreams.protect()
AddressSpace.endIfTooSmall()
// OpenBLAS reads its core type when it is loaded, so the program corrects a wrong one by executing
// itself again. This must come before everything else, in particular before MPI.
Ranks.blas = BLASCoreType.reexecuteIfGeneric(arguments: CommandLine.arguments)
if let executable = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe") {
  CrashReport.install(executable: executable)
}
MallocTuning.apply()
useOneBLASThread()
flushDenormalsOnThisThread()

do {
  // Swift reads them from /proc; without it even the program's name is missing.
  if CommandLine.arguments.isEmpty { throw LaunchError.noArguments }
  var command = try CommandLineWords.parse(Array(CommandLine.arguments.dropFirst()))
  try command.run()
  Ranks.exit(.success)
} catch {
  Ranks.exit(after: error)
}
