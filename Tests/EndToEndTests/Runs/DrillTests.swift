import Foundation
import TestFiles
import Testing

extension WaitingRuns {
  /// Short forms of `Tests/Comparisons/drills.py`: each run must end as the undisturbed one.
  @Suite struct DrillTests {
    private static let hasCompiler = ["/usr/bin/cc", "/usr/local/bin/cc"].contains {
      FileManager.default.isExecutableFile(atPath: $0)
    }

    private func drill(_ words: [String], _ expected: String) throws {
      let outcome = try Program.start(
        command: ["python3", Program.script("Tests/Comparisons/drills.py")] + words
          + ["--binary", try Program.path()]
      ).outcome(within: .seconds(300))
      #expect(outcome.status == 0 && outcome.output.contains(expected), "\(outcome)")
    }

    @Test(
      "a run that ends after a system call of a save has a whole checkpoint, and goes on from it",
      .enabled(if: hasCompiler, "there is no cc, for the library that counts the calls"))
    func boundaries() throws { try drill(["boundaries", "--every", "11"], " 0 ends that differ") }

    @Test(
      "a disk without room, or without room for names, ends a run with its code, and loses nothing",
      .enabled(if: geteuid() == 0, "only root can mount a tmpfs"),
      arguments: [["full-disk", "--every", "12"], ["inodes", "--every", "8"]])
    func smallDisks(words: [String]) throws { try drill(words, " 0 differ at their end") }

    @Test("a run whose checkpoints cannot be written goes on, warns, and ends with its code")
    func readOnly() throws { try drill(["read-only"], "exit status 74; ") }

    @Test(
      "checkpoints that are due faster than the disk is are all written, one after the other",
      .enabled(if: hasCompiler, "there is no cc, for the library that slows fsync down"))
    func slowDisk() throws { try drill(["slow-disk"], "7 checkpoints for 6 steps") }

    @Test(
      "a clock that goes back changes no checkpoint and no line of the metrics",
      .enabled(if: hasCompiler, "there is no cc, for the library that sets the clock"),
      .openMPI("MPICH loads UCX, which waits at its start for a clock that goes back to go on"))
    func clock() throws { try drill(["clock"], "starts at ") }
  }
}
