import Environment

/// The number of ranks according to the environment variables of mpirun, mpiexec and Slurm.
public enum LaunchEnvironment {
  /// Variable that, set to 1, allows a single rank without a launcher in an allocation for several.
  public static let allowSingle = EnvironmentVariable.allowSingle.rawValue

  /// Refuses a job whose launcher started several ranks while MPI reports one.
  ///
  /// The innermost launcher decides: mpirun -n 1 in an allocation for four is one rank. Variables
  /// without a number are ignored. Call it on every rank, after ``MPICommunicator/initialize()``.
  ///
  /// - Parameters:
  ///   - environment: the process's environment variables.
  ///   - size: the number of ranks that MPI reports.
  public static func check(environment: [String: String], size: Int) throws(LaunchError) {
    guard size == 1 else { return }
    let openMPI = claim(
      in: environment, sizes: ["OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_SIZE"],
      ranks: ["OMPI_COMM_WORLD_RANK"])
    if let openMPI {
      if openMPI.ranks > 1 { throw .otherMPI(openMPI) }
      return
    }
    // srun sets the PMI variables too; the remedy is then an option of srun.
    let step = environment["SLURM_STEP_ID"] ?? environment["SLURM_STEP_NUM_TASKS"]
    let processManager = claim(
      in: environment, sizes: ["PMI_SIZE"], ranks: ["PMI_RANK", "PMIX_RANK"])
    if let processManager, processManager.ranks > 1 {
      throw step == nil ? .otherMPI(processManager) : .stepWithoutMPI(processManager)
    }
    if environment["PMI_SIZE"] != nil { return }
    try checkSlurm(environment)
  }

  private static func checkSlurm(_ environment: [String: String]) throws(LaunchError) {
    // Even without the size of the step, a task number above 0 shows that there are several tasks.
    let step = claim(in: environment, sizes: ["SLURM_STEP_NUM_TASKS"], ranks: ["SLURM_PROCID"])
    if let step, step.ranks > 1 { throw .stepWithoutMPI(step) }
    // An allocation made by nodes has no SLURM_NTASKS; a step always has.
    let allocation =
      claim(in: environment, sizes: ["SLURM_NTASKS"], ranks: [])
      ?? claim(in: environment, sizes: ["SLURM_NTASKS_PER_NODE", "SLURM_NNODES"], ranks: [])
    guard let allocation, allocation.ranks > 1 else { return }
    // salloc's own shell is a step of one task, whose SLURM_NTASKS is the allocation's.
    let isStep = environment["SLURM_STEP_ID"] != nil && environment["SLURM_STEP_NUM_TASKS"] == nil
    if isStep { throw .stepWithoutMPI(allocation) }
    if environment[allowSingle] != "1" { throw .startedAlone(allocation) }
  }

  /// The variable that claims the most ranks; a process with number r claims at least r + 1.
  private static func claim(
    in environment: [String: String], sizes: [String], ranks: [String]
  ) -> LaunchClaim? {
    func claims(_ variables: [String], adding extra: Int) -> [LaunchClaim] {
      variables.compactMap { variable in
        guard let value = environment[variable], let number = Int(value), number >= 0,
          number < Int(Int32.max)
        else { return nil }
        return LaunchClaim(variable: variable, value: value, ranks: number + extra)
      }
    }
    // The first of equal claims: a size is clearer than a rank.
    return (claims(sizes, adding: 0) + claims(ranks, adding: 1)).reduce(nil) { best, next in
      if let best, best.ranks >= next.ranks { best } else { next }
    }
  }
}
