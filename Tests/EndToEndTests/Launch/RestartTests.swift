import Foundation
import TestFiles
import Testing

extension WaitingRuns {
  /// When `launch/supervise` starts a job again, told by a job that only counts its starts.
  @Suite struct RestartTests {
    /// Runs a supervised job that ends with `code` until its start number `lastStart`.
    private static func run(
      _ options: [String], code: Int, lastStart: Int, seconds: Double = 0,
      in directory: TemporaryDirectory
    ) throws -> (outcome: Program.Outcome, starts: Int) {
      try directory.makeDirectory("run")
      let job = """
        echo start >>starts
        sleep \(seconds)
        [ "$(wc -l <starts)" -ge \(lastStart) ] || exit \(code)
        """
      let outcome = try Program.start(
        command: [Program.script("launch/supervise")] + options
          + ["--", "sh", "-c", job, "job", "train", "--run", "run"], in: directory
      ).outcome()
      let starts = ((try? directory.text("starts")) ?? "").split(separator: "\n").count
      return (outcome, starts)
    }

    private static func lines(_ outcome: Program.Outcome) -> [Substring] {
      outcome.errors.split(separator: "\n").filter { $0.hasPrefix("supervise: ") }
    }

    @Test("the wait before a restart doubles")
    func backOff() throws {
      let directory = try TemporaryDirectory()
      let clock = ContinuousClock()
      let started = clock.now
      let job = try Self.run(["--pause", "1"], code: 1, lastStart: 3, in: directory)
      #expect(job.outcome.status == 0 && job.starts == 3, "\(job)")
      let waits = Self.lines(job.outcome).compactMap { $0.firstMatch(of: /restart in (\d+) s/)?.1 }
      #expect(waits == ["1", "2"], "\(job)")
      #expect(clock.now - started >= .seconds(3))
    }

    @Test("restarts that the window has left behind do not count")
    func window() throws {
      let within = try Self.run(
        ["--pause", "0", "--max-restarts", "1", "--window", "60"], code: 3, lastStart: 4,
        in: TemporaryDirectory())
      #expect(within.outcome.status == 3 && within.starts == 2, "\(within)")
      #expect(Self.lines(within.outcome).last?.contains("gave up after 1 restarts") == true)
      let beyond = try Self.run(
        ["--pause", "0", "--max-restarts", "1", "--window", "0"], code: 3, lastStart: 4,
        seconds: 1.1, in: TemporaryDirectory())
      #expect(beyond.outcome.status == 0 && beyond.starts == 4, "\(beyond)")
    }

    @Test(
      "a crash is mended, an end that would be the same again is not",
      arguments: [
        (1, 2), (70, 2), (72, 2), (74, 2), (78, 2), (134, 2), (139, 2),
        (64, 1), (65, 1), (71, 1), (73, 1), (75, 1), (76, 1), (126, 1), (127, 1),
      ])
    func ends(code: Int, starts: Int) throws {
      let job = try Self.run(["--pause", "0"], code: code, lastStart: 2, in: TemporaryDirectory())
      #expect(job.starts == starts, "\(job)")
      #expect(job.outcome.status == (starts == 2 ? 0 : Int32(code)), "\(job)")
    }

    @Test(
      "wrong options of its own are refused before anything starts",
      arguments: [
        (["--max-restarts", "many", "--"], "takes a whole number, found many"),
        (["--pause"], "takes a whole number, found nothing"),
        (["--hosts", "a,b:2", "--"], "found a,b:2"), (["--no-such", "--"], "unknown option"),
        ([], "needs -- and a command"),
      ])
    func refused(options: [String], words: String) throws {
      let directory = try TemporaryDirectory()
      let outcome = try Program.start(
        command: [Program.script("launch/supervise")] + options
          + (options.last == "--" ? ["touch", "started", "--run", "run"] : []), in: directory
      ).outcome()
      #expect(outcome.status == ExitStatus.usage.rawValue, "\(outcome)")
      #expect(outcome.complaints.count == 1 && outcome.errors.contains(words), "\(outcome)")
      #expect(try directory.snapshot().isEmpty)
    }
  }
}
