import Failures
import Foundation
import TestFiles
import Testing

extension WaitingRuns {
  /// `lcnn-dist launch slurm`: job scripts that it fills in.
  @Suite struct SlurmScriptTests {
    private let environment = ["LCNN_DIST_HOME": Program.script("")]

    @Test("a script is filled in, checked and written")
    func written() throws {
      let directory = try TemporaryDirectory()
      let outcome = try Program.run(
        [
          "launch", "slurm", "preemptible", "--account", "physics", "--nodes", "3",
          "--ranks-per-node", "8", "--module", "openmpi", "--module", "open blas", "--time",
          "02:00:00", "--output", "a job.sbatch",
        ], environment: environment, in: directory)
      let script = try directory.text("a job.sbatch")
      for line in [
        "#SBATCH --account=physics", "#SBATCH --nodes=3", "#SBATCH --ntasks-per-node=8",
        "#SBATCH --time=02:00:00", "module purge && module load openmpi 'open blas'",
      ] {
        #expect(script.split(separator: "\n").contains(Substring(line)), "no “\(line)”: \(script)")
      }
      #expect(!script.contains("#SBATCH --partition"), "\(script)")
      // An sbatch without a Slurm behind it refuses everything.
      #expect([0, ExitStatus.launch.rawValue].contains(outcome.status), "\(outcome)")
      #expect(outcome.output.contains("  --nodes=3"), "\(outcome)")
    }

    @Test("--dry-run prints every script without writing, and no placeholder is left")
    func dryRun() throws {
      let directory = try TemporaryDirectory()
      for name in JobScript.all.map(\.name) where name != "apptainer" {
        let outcome = try Program.run(
          ["launch", "slurm", name, "--dry-run"], environment: environment, in: directory)
        #expect(outcome.status == 0, "\(name): \(outcome)")
        #expect(outcome.output.hasPrefix("#!/usr/bin/env bash\n"), "\(name): \(outcome)")
      }
      #expect(try directory.snapshot().isEmpty)
      let image = try Program.run(
        ["launch", "slurm", "apptainer", "--dry-run"], environment: environment)
      #expect(image.complaints.first?.contains("<IMAGE_FILE> left") == true, "\(image)")
      let unknown = try Program.run(["launch", "slurm", "trian"], environment: environment)
      #expect(
        unknown.complaints.first?.contains("there are apptainer, bench") == true, "\(unknown)")
    }
  }
}
