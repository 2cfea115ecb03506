import MessagePassing
import Testing

/// Family of the MPI that the program is built with, whose mpirun starts the ranks of these tests.
enum MPIFamily {
  static let isMPICH = MPICommunicator.builtWith.hasPrefix("MPICH")

  /// Exit code of mpirun after a signal has killed a rank.
  static func code(ofRankKilledBy signal: Int32) -> Int32 { isMPICH ? signal : 128 + signal }
}

extension Trait where Self == ConditionTrait {
  /// Skips the test with MPICH, for a reason that says what Open MPI does here and MPICH does not.
  static func openMPI(_ reason: Comment) -> Self { .disabled(if: MPIFamily.isMPICH, reason) }

  /// For tests of `launch/local`, which refuses other launchers.
  static var localLauncher: Self { .openMPI("launch/local needs the mpirun of Open MPI 4") }
}
