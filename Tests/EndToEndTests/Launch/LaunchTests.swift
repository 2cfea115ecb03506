import Failures
import MessagePassing
import TestFiles
import Testing

extension WaitingRuns {
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
          ], ["SLURM_STEP_NUM_TASKS=4", "srun --mpi=\(LaunchError.slurmInterface)"]
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

    @Test(
      "ranks with unlike flags are refused before they make unlike collectives",
      arguments: [
        (["--watchdog", "off"], "--watchdog: on on rank 0, but off on rank 1"),
        (["--shared-memory", "off"], "--shared-memory: on on rank 0, but off on rank 1"),
        (["--stall-timeout", "7"], "--stall-timeout: 120.0 on rank 0, but 7.0 on rank 1"),
      ])
    func unlikeFlags(flags: [String], words: String) throws {
      let train = [try Program.path(), "train", "--max-steps", "1"]
      let outcome = try Program.start(
        command: ["mpirun", "-n", "1"] + train + [":", "-n", "1"] + train + flags
      ).outcome()
      #expect(outcome.status == ExitStatus.launch.rawValue, "\(outcome)")
      #expect(outcome.complaints == ["lcnn-dist: ranks differ in \(words)"], "\(outcome)")
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
