import Foundation
import TestFiles
import Testing

extension WaitingRuns {
  /// The copies of the data that job scripts make on the nodes' disks, without Slurm.
  @Suite struct StagingTests {
    /// Two nodes that share a disk: each runs what one task per node does, at the same time.
    private static let twoNodes = #"""
      while [ "${1#--}" != "$1" ]; do shift; done
      case $1 in
        */lcnn-dist) exec "$@" ;;
      esac
      "$@" &
      "$@"
      code=$?
      wait $! || code=$?
      exit $code
      """#

    private struct Job {
      let outcome: JobScriptTests.Outcome
      /// What is left on the disk.
      let remains: [String]
    }

    /// Runs the job script `name` on data of two files.
    private static func run(
      _ name: String, commands: [String: String] = [:], environment: [String: String] = [:]
    ) throws -> Job {
      let directory = try TemporaryDirectory()
      for file in ["a", "folder/b"] { try directory.write([1, 2, 3], to: "the data/\(file)") }
      try directory.makeDirectory("disk")
      let outcome = try JobScriptTests.run(
        name, ["run", "--data", "the data"],
        settings: ["local_disk": "\(directory.path)/disk"], environment: environment,
        commands: ["srun": twoNodes].merging(commands) { $1 }, in: directory)
      return Job(
        outcome: outcome,
        remains: try FileManager.default.contentsOfDirectory(atPath: "\(directory.path)/disk"))
    }

    @Test("the ranks read a whole copy, which goes at the end")
    func copied() throws {
      let job = try Self.run(
        "train", commands: ["lcnn-dist": #"for word; do copy=$word; done; ls -R "$copy""#])
      #expect(job.outcome.job.status == 0, "\(job.outcome)")
      #expect(job.outcome.calls["lcnn-dist"]?.contains("/disk/lcnn-dist-17\n") == true)
      #expect(job.outcome.job.output.contains(/lcnn-dist-17:\na\nfolder\n/), "\(job.outcome)")
      #expect(job.remains.isEmpty, "\(job.remains)")
    }

    @Test("a copy that fails half-way starts no ranks, and leaves nothing")
    func failed() throws {
      let job = try Self.run("train", commands: ["cp": #"/bin/cp "$@"; exit 1"#])
      #expect(job.outcome.job.status == 1, "\(job.outcome)")
      #expect(job.outcome.calls["lcnn-dist"] == nil, "\(job.outcome)")
      #expect(job.remains.isEmpty, "\(job.remains)")
    }

    @Test("a job that goes back into the queue leaves nothing")
    func requeued() throws {
      let job = try Self.run(
        "sweep", commands: ["lcnn-dist": "exit 75"],
        environment: [
          "SLURM_ARRAY_JOB_ID": "12", "SLURM_ARRAY_TASK_ID": "3",
        ])
      #expect(job.outcome.job.status == 75, "\(job.outcome)")
      #expect(job.outcome.calls["scontrol"] == "requeue 12_3\n")
      #expect(job.remains.isEmpty, "\(job.remains)")
    }
  }
}
