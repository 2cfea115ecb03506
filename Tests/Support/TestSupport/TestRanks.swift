import Foundation
import MessagePassing

/// The ranks of this test process: those of mpirun if it was started by one, else just itself.
public enum TestRanks {
  public static let communicator: any Communicator = {
    let environment = ProcessInfo.processInfo.environment
    guard environment["OMPI_COMM_WORLD_SIZE"] != nil || environment["PMI_SIZE"] != nil else {
      return SoloCommunicator()
    }
    // A job whose ranks leave without MPI_Finalize counts as failed.
    atexit { try? MPICommunicator.initialize().finalize() }
    do {
      return try MPICommunicator.initialize()
    } catch {
      fatalError("\(error)")
    }
  }()
}
