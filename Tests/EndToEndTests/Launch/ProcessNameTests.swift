import Foundation
import Kernels
import TestFiles
import Testing

extension WaitingRuns {
  /// Name of the process as other programs see it.
  @Suite struct ProcessNameTests {
    @Test("the process is called lcnn-dist, also after it has executed itself again")
    func name() throws {
      let directory = try TemporaryDirectory()
      let run = try Program.start(["train", "--run", "run", "--epochs", "100000"], in: directory)
      let metrics = "\(directory.path)/run/metrics.jsonl"
      for _ in 0..<600 where run.isRunning && !FileManager.default.fileExists(atPath: metrics) {
        usleep(50_000)
      }
      let process = run.processIdentifier
      let name = try String(contentsOfFile: "/proc/\(process)/comm", encoding: .utf8)
      run.send(signal: SIGKILL)
      let outcome = try run.outcome()
      #expect(name == "lcnn-dist\n")
      // Only on a CPU that OpenBLAS takes for another one does it execute itself again.
      let environment = ProcessInfo.processInfo.environment
      let advice = BLASCoreType.advice(
        core: BLASCoreType.current, processor: .current, environment: environment)
      if advice != nil { #expect(outcome.errors.contains("chosen by this program"), "\(outcome)") }
    }

    @Test("without /proc one line says so", .enabled(if: getuid() == 0))
    func withoutProc() throws {
      let outcome = try Program.start(command: [
        "unshare", "--mount", "sh", "-c", "umount --lazy /proc && exec \"$0\" train",
        try Program.path(),
      ]).outcome()
      #expect(outcome.status == ExitStatus.launch.rawValue, "\(outcome)")
      #expect(outcome.complaints.count == 1, "\(outcome)")
      // MPICH loads UCX, which complains on standard output before the program begins.
      #expect(outcome.outputLines.allSatisfy { $0.contains("UCX  ERROR") }, "\(outcome)")
      #expect(outcome.complaints.first?.contains("/proc is not mounted") == true, "\(outcome)")
    }
  }
}
