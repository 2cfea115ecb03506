import Failures

/// A start that would not do what was asked for.
///
/// Where a launcher started several ranks, or was allowed several, but MPI reports one, every process
/// would train alone, and all would write the same files.
public enum LaunchError: Failure, Equatable, Sendable {
  /// Exit code of a refused launch (EX_UNAVAILABLE of sysexits.h).
  public static let exitCode: Int32 = 69

  /// mpirun or mpiexec belongs to another MPI than the one this program is linked with.
  case otherMPI(LaunchClaim)

  /// srun started the ranks without an interface that this program's MPI understands.
  case stepWithoutMPI(LaunchClaim)

  /// The program was started without a launcher in a Slurm allocation for several ranks.
  case startedAlone(LaunchClaim)

  /// Without /proc, Swift does not know the arguments of the process.
  case noArguments

  /// The process may map less than libraries alone need, in bytes.
  case smallAddressSpace(limit: Int, least: Int)

  public var exitStatus: ExitStatus {
    if case .smallAddressSpace = self { .outOfMemory } else { .launch }
  }

  /// How srun tells the MPI that the program is built with of the ranks.
  package static var slurmInterface: String {
    MPICommunicator.builtWith.hasPrefix("MPICH") ? "pmi2" : "pmix"
  }

  public var description: String {
    switch self {
    case .otherMPI(let claim):
      """
      \(claim), but MPI reports 1: mpirun belongs to another MPI than the one lcnn-dist is built \
      with. Use the mpirun of that MPI, or set MPI_PKG_CONFIG to the MPI of this mpirun \
      (for MPICH: MPI_PKG_CONFIG=mpich) and rebuild.
      """
    case .stepWithoutMPI(let claim):
      """
      \(claim), but MPI reports 1: srun started the ranks without telling MPI. \
      Use srun --mpi=\(Self.slurmInterface), or mpirun inside the allocation.
      """
    case .startedAlone(let claim):
      """
      \(claim), but MPI reports 1: lcnn-dist was started without a launcher in this Slurm \
      allocation. Put srun --mpi=\(Self.slurmInterface) or mpirun before it; \
      to train on one rank all the same, set \(LaunchEnvironment.allowSingle)=1.
      """
    case .noArguments:
      """
      the arguments cannot be read: /proc is not mounted. \
      Mount it (mount -t proc proc /proc), or start the container with it.
      """
    case .smallAddressSpace(let limit, let least):
      """
      the address space is limited to \(limit >> 20) MiB (ulimit -v), and libraries alone may need \
      \(least >> 20) MiB; ulimit -v unlimited
      """
    }
  }
}

/// An environment variable, and the least number of ranks for which its value is right.
public struct LaunchClaim: Equatable, Sendable, CustomStringConvertible {
  public var variable: String
  public var value: String
  public var ranks: Int

  public init(variable: String, value: String, ranks: Int) {
    self.variable = variable
    self.value = value
    self.ranks = ranks
  }

  public var description: String {
    let found = "\(variable)=\(value) in the environment"
    return value == "\(ranks)"
      ? "\(found) says that there are \(ranks) ranks"
      : "\(found) says that there are at least \(ranks) ranks"
  }
}
