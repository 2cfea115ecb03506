import MessagePassing
import Testing

/// An environment, what it is, and how a job that MPI says has one rank must be refused.
struct LaunchCase: Sendable, CustomTestStringConvertible {
  enum Refusal: Sendable {
    case otherMPI, stepWithoutMPI, startedAlone
  }

  var name: String
  var environment: [String: String]
  var refusal: Refusal?
  var variable = ""
  var ranks = 1

  var testDescription: String { name }

  static let all = [
    LaunchCase(name: "nothing set", environment: ["HOME": "/root"]),
    LaunchCase(
      name: "mpirun -n 4 of another MPI",
      environment: ["OMPI_COMM_WORLD_SIZE": "4", "OMPI_COMM_WORLD_RANK": "2", "PMIX_RANK": "2"],
      refusal: .otherMPI, variable: "OMPI_COMM_WORLD_SIZE", ranks: 4),
    LaunchCase(
      name: "only the local size", environment: ["OMPI_COMM_WORLD_LOCAL_SIZE": "2"],
      refusal: .otherMPI, variable: "OMPI_COMM_WORLD_LOCAL_SIZE", ranks: 2),
    LaunchCase(
      name: "only an Open MPI rank", environment: ["OMPI_COMM_WORLD_RANK": "3"],
      refusal: .otherMPI, variable: "OMPI_COMM_WORLD_RANK", ranks: 4),
    LaunchCase(
      name: "MPICH's mpiexec -n 3", environment: ["PMI_SIZE": "3", "PMI_RANK": "0"],
      refusal: .otherMPI, variable: "PMI_SIZE", ranks: 3),
    LaunchCase(
      name: "only a PMIx rank", environment: ["PMIX_RANK": "1"],
      refusal: .otherMPI, variable: "PMIX_RANK", ranks: 2),
    LaunchCase(name: "PMIx rank 0", environment: ["PMIX_RANK": "0"]),
    LaunchCase(name: "mpirun -n 1", environment: ["OMPI_COMM_WORLD_SIZE": "1"]),
    LaunchCase(
      name: "mpirun -n 1 in an allocation for four",
      environment: [
        "OMPI_COMM_WORLD_SIZE": "1", "OMPI_COMM_WORLD_RANK": "0", "SLURM_NTASKS": "4",
        "SLURM_STEP_ID": "0", "SLURM_STEP_NUM_TASKS": "2", "SLURM_PROCID": "1",
      ]),
    LaunchCase(
      name: "mpiexec -n 1 in an allocation for four",
      environment: ["PMI_SIZE": "1", "PMI_RANK": "0", "SLURM_NTASKS": "4"]),
    LaunchCase(
      name: "srun --mpi=none -n 4",
      environment: [
        "SLURM_NTASKS": "4", "SLURM_STEP_ID": "0", "SLURM_STEP_NUM_TASKS": "4", "SLURM_PROCID": "0",
      ], refusal: .stepWithoutMPI, variable: "SLURM_STEP_NUM_TASKS", ranks: 4),
    LaunchCase(
      name: "srun --mpi=pmi2 -n 4",
      environment: [
        "PMI_SIZE": "4", "PMI_RANK": "0", "SLURM_NTASKS": "4", "SLURM_STEP_ID": "0",
        "SLURM_STEP_NUM_TASKS": "4", "SLURM_PROCID": "0",
      ], refusal: .stepWithoutMPI, variable: "PMI_SIZE", ranks: 4),
    LaunchCase(
      name: "a step that does not say its size",
      environment: ["SLURM_NTASKS": "4", "SLURM_STEP_ID": "0", "SLURM_PROCID": "0"],
      refusal: .stepWithoutMPI, variable: "SLURM_NTASKS", ranks: 4),
    LaunchCase(
      name: "a step is not allowed to run single ranks",
      environment: [
        "SLURM_STEP_ID": "0", "SLURM_STEP_NUM_TASKS": "4", "SLURM_NTASKS": "4",
        "LCNN_ALLOW_SINGLE": "1",
      ], refusal: .stepWithoutMPI, variable: "SLURM_STEP_NUM_TASKS", ranks: 4),
    LaunchCase(
      name: "srun -n 1 in an allocation for four",
      environment: [
        "SLURM_NTASKS": "1", "SLURM_STEP_ID": "3", "SLURM_STEP_NUM_TASKS": "1", "SLURM_PROCID": "0",
        "SLURM_NNODES": "1", "SLURM_NTASKS_PER_NODE": "4",
      ]),
    LaunchCase(
      name: "a batch script without srun",
      environment: ["SLURM_NTASKS": "4", "SLURM_PROCID": "0", "SLURM_JOB_ID": "17"],
      refusal: .startedAlone, variable: "SLURM_NTASKS", ranks: 4),
    LaunchCase(
      name: "salloc's interactive step",
      environment: [
        "SLURM_NTASKS": "4", "SLURM_STEP_ID": "4294967290", "SLURM_STEP_NUM_TASKS": "1",
        "SLURM_PROCID": "0",
      ], refusal: .startedAlone, variable: "SLURM_NTASKS", ranks: 4),
    LaunchCase(
      name: "a batch script that allows a single rank",
      environment: ["SLURM_NTASKS": "4", "SLURM_PROCID": "0", "LCNN_ALLOW_SINGLE": "1"]),
    LaunchCase(
      name: "an allocation of two nodes", environment: ["SLURM_NNODES": "2", "SLURM_PROCID": "0"],
      refusal: .startedAlone, variable: "SLURM_NNODES", ranks: 2),
    LaunchCase(
      name: "an allocation for one task",
      environment: ["SLURM_NTASKS": "1", "SLURM_NNODES": "1", "SLURM_PROCID": "0"]),
    LaunchCase(
      name: "values that are no numbers",
      environment: ["OMPI_COMM_WORLD_SIZE": "four", "SLURM_NTASKS": "", "PMI_SIZE": "-3"]),
  ]
}

@Suite struct LaunchEnvironmentTests {
  @Test("one rank is refused if the launcher says there are several", arguments: LaunchCase.all)
  func oneRank(launch: LaunchCase) {
    let claim = LaunchClaim(
      variable: launch.variable, value: launch.environment[launch.variable] ?? "",
      ranks: launch.ranks)
    let expected: LaunchError? =
      switch launch.refusal {
      case nil: nil
      case .otherMPI: .otherMPI(claim)
      case .stepWithoutMPI: .stepWithoutMPI(claim)
      case .startedAlone: .startedAlone(claim)
      }
    #expect(refusal(of: launch.environment, size: 1) == expected)
  }

  @Test("several ranks are never refused", arguments: LaunchCase.all)
  func severalRanks(launch: LaunchCase) {
    #expect(refusal(of: launch.environment, size: 4) == nil)
  }

  @Test("a refusal names the variable, both numbers and the remedy")
  func words() {
    let mpirun = LaunchClaim(variable: "OMPI_COMM_WORLD_SIZE", value: "4", ranks: 4)
    let other = "\(LaunchError.otherMPI(mpirun))"
    #expect(
      other.hasPrefix("OMPI_COMM_WORLD_SIZE=4 in the environment says that there are 4 ranks"))
    #expect(other.contains("MPI reports 1") && other.contains("MPI_PKG_CONFIG"), "\(other)")
    let rank = LaunchClaim(variable: "PMIX_RANK", value: "1", ranks: 2)
    #expect("\(rank)" == "PMIX_RANK=1 in the environment says that there are at least 2 ranks")
    let tasks = LaunchClaim(variable: "SLURM_NTASKS", value: "4", ranks: 4)
    let step = "\(LaunchError.stepWithoutMPI(tasks))"
    let advice = "Use srun --mpi=\(LaunchError.slurmInterface), or mpirun inside the allocation"
    #expect(step.contains(advice), "\(step)")
    let alone = "\(LaunchError.startedAlone(tasks))"
    #expect(alone.contains("LCNN_ALLOW_SINGLE=1") && alone.contains("srun"), "\(alone)")
    #expect(LaunchError.exitCode == 69)
  }

  private func refusal(of environment: [String: String], size: Int) -> LaunchError? {
    do throws(LaunchError) {
      try LaunchEnvironment.check(environment: environment, size: size)
      return nil
    } catch {
      return error
    }
  }
}
