import ArgumentParser
import Foundation
import Kernels

// OpenBLAS reads its core type when it is loaded, so the program corrects a wrong one by executing
// itself again. This must come before everything else, in particular before MPI.
Ranks.blas = BLASCoreType.reexecuteIfGeneric(arguments: CommandLine.arguments)
MallocTuning.apply()
useOneBLASThread()
flushDenormalsOnThisThread()

do {
  var command = try CommandLineWords.parse(Array(CommandLine.arguments.dropFirst()))
  try command.run()
  Ranks.exit(.success)
} catch {
  Ranks.exit(after: error)
}
