import Failures
import Foundation
import TestFiles
import Testing

extension ProgramRuns {
  @Suite struct CheckpointCommandTests {
    @Test("checkpoints are checked, shown, compared and removed")
    func commands() throws {
      let trained = try TrainedDigits(steps: 2, ["--checkpoint-steps", "1"])
      let directory = trained.directory
      func run(_ words: String...) throws -> Program.Outcome {
        try Program.run(["checkpoint"] + words, in: directory)
      }
      let whole = try run("verify", "run")
      #expect(whole.status == 0 && whole.outputLines.count == 3, "\(whole)")
      let shown = try run("inspect", "run")
      #expect(shown.status == 0 && shown.output.contains("5.bias"), "\(shown)")
      let same = try run("diff", "run", "run/latest")
      #expect(same.output.contains("equal bits: 45 tensors"), "\(same)")
      let other = try run("diff", "run/checkpoints/step-00000001", "run")
      #expect(other.status == 0 && other.output.contains("running_mean"), "\(other)")
      let dry = try run("prune", "run", "--dry-run")
      #expect(dry.outputLines.count == 2, "\(dry)")
      try directory.write([1], to: "run/checkpoints/step-00000001/optimizer.safetensors")
      let damaged = try run("verify", "run")
      #expect(damaged.status == ExitStatus.unusableInput.rawValue, "\(damaged)")
      #expect(damaged.errors.contains("damaged: run/checkpoints/step-00000001"), "\(damaged)")
      let pruned = try run("prune", "run")
      #expect(pruned.status == 0 && pruned.outputLines.count == 2, "\(pruned)")
      let left = try FileManager.default.contentsOfDirectory(
        atPath: "\(directory.path)/run/checkpoints")
      #expect(left == ["step-00000002"])
    }
  }
}
