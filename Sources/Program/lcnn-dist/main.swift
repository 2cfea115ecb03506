import ArgumentParser
import Foundation
import Kernels

// OpenBLAS reads its core type when it is loaded, so a wrong one is mended by starting again; nothing may
// have happened before that, MPI least of all.
Ranks.blas = BLASCoreType.reexecuteIfGeneric(arguments: CommandLine.arguments)
LargeBlocks.giveBack()
useOneBLASThread()
flushDenormalsOnThisThread()

do {
  var command = try CommandLineWords.parse(Array(CommandLine.arguments.dropFirst()))
  try command.run()
  Ranks.leave(.success)
} catch {
  Ranks.leave(after: error)
}
