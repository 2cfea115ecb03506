import Failures
import Foundation
import TestFiles
import Testing

extension ProgramRuns {
  /// One rank's part of a kept step, made again by one process.
  @Suite struct ReplayTests {
    @Test(
      "the step of each rank has the same bits again",
      arguments: [
        (3, []), (2, ["--threads", "2"]),
        (2, ["--reproducible", "--gradient-norm-penalty", "0.01", "--shared-memory", "off"]),
        (2, ["--gradient-sum", "nonblocking", "--arm", "adversarial"]),
      ] as [(Int, [String])])
    func sameBits(ranks: Int, flags: [String]) throws {
      let directory = try TemporaryDirectory()
      let trained = try Program.run(
        ["train", "--run", "run", "--dump-batch", "4", "--max-steps", "5", "--test-samples", "10"]
          + flags, ranks: ranks, in: directory)
      #expect(trained.status == 0, "\(trained)")
      let folder = "\(directory.path)/run/dump/step-4"
      let kept = try FileManager.default.contentsOfDirectory(atPath: folder)
      #expect(kept.count == (flags.contains("--threads") ? 2 * ranks : ranks))
      for rank in kept.sorted() {
        let replay = try Program.run(["replay", "\(folder)/\(rank)"])
        #expect(replay.status == 0, "\(rank): \(replay)")
        #expect(replay.outputLines.last == "the same bits as in the job", "\(replay)")
      }
    }

    @Test("a changed weight gives other bits, and a folder that is no dump is refused")
    func otherBits() throws {
      let directory = try TemporaryDirectory()
      let trained = try Program.run(
        ["train", "--run", "run", "--dump-batch", "2", "--max-steps", "2", "--test-samples", "10"],
        in: directory)
      #expect(trained.status == 0, "\(trained)")
      let path = "run/dump/step-2/rank-0/optimizer.safetensors"
      var bytes = try directory.data(path)
      bytes[bytes.count - 1] ^= 1
      try directory.write(bytes, to: path)
      let replay = try Program.run(["replay", "run/dump/step-2/rank-0"], in: directory)
      #expect(replay.status == ExitStatus.replicasDiffer.rawValue, "\(replay)")
      let stranger = try Program.run(["replay", "run"], in: directory)
      #expect(stranger.status != 0 && stranger.complaints.count == 1, "\(stranger)")
    }
  }
}
