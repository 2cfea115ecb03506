import Failures
import TestFiles
import Testing

extension ProgramRuns {
  /// A launcher that speaks of several ranks, and an MPI that sees one.
  @Suite struct LaunchTests {
    @Test(
      "a job whose ranks do not know each other is refused, with the remedy",
      arguments: [
        (
          ["OMPI_COMM_WORLD_SIZE": "2", "OMPI_COMM_WORLD_RANK": "0"],
          ["OMPI_COMM_WORLD_SIZE=2", "MPI reports 1", "MPI_PKG_CONFIG=mpich"]
        ),
        (["PMI_SIZE": "3", "PMI_RANK": "0"], ["PMI_SIZE=3", "Use the mpirun of that MPI"]),
        (
          [
            "SLURM_STEP_ID": "0", "SLURM_STEP_NUM_TASKS": "4", "SLURM_NTASKS": "4",
            "SLURM_PROCID": "0",
          ], ["SLURM_STEP_NUM_TASKS=4", "srun --mpi=pmix"]
        ),
        (
          ["SLURM_NTASKS": "4", "SLURM_PROCID": "0", "SLURM_JOB_ID": "17"],
          ["SLURM_NTASKS=4", "LCNN_ALLOW_SINGLE=1"]
        ),
      ])
    func refused(_ environment: [String: String], _ words: [String]) throws {
      let directory = try TemporaryDirectory()
      let outcome = try Program.run(
        ["train", "--run", "run"], environment: environment, in: directory)
      #expect(outcome.status == ExitStatus.launch.rawValue, "\(outcome)")
      #expect(outcome.complaints.count == 1 && outcome.output.isEmpty, "\(outcome)")
      let line = outcome.complaints.first ?? ""
      #expect(line.hasPrefix("lcnn-dist: "), "\(line)")
      for word in words { #expect(line.contains(word), "no “\(word)” in: \(line)") }
      #expect(try directory.snapshot().isEmpty)
    }

    @Test("of ranks that do not know each other only the first speaks")
    func silent() throws {
      let outcome = try Program.run(
        ["train"], environment: ["OMPI_COMM_WORLD_SIZE": "2", "OMPI_COMM_WORLD_RANK": "1"])
      #expect(outcome.status == ExitStatus.launch.rawValue, "\(outcome)")
      #expect(outcome.output.isEmpty && outcome.errors.isEmpty, "\(outcome)")
    }

    @Test("a single rank in a larger allocation trains if it is allowed to")
    func allowed() throws {
      let outcome = try Program.run(
        ["train", "--max-steps", "1", "--test-samples", "10"],
        environment: ["SLURM_NTASKS": "4", "SLURM_PROCID": "0", "LCNN_ALLOW_SINGLE": "1"])
      #expect(outcome.status == 0, "\(outcome)")
      #expect(outcome.outputLines.last?.hasPrefix("test accuracy ") == true, "\(outcome)")
    }
  }
}
