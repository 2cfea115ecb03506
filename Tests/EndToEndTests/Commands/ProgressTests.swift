import Failures
import Foundation
import TestFiles
import Testing

extension ProgramRuns {
  /// What measuring commands show while they work.
  @Suite struct ProgressTests {
    /// Whether lines in place are drawn below the line that contains these words, not over it.
    static func stays(_ words: String, in output: String) -> Bool {
      let output = output.replacing("\r\n", with: "\n").replacing("\r", with: "")
      guard let found = output.range(of: words) else { return false }
      // Rows below the line, where the cursor is.
      var row = -1
      for move in output[found.upperBound...].matches(of: /\n|\u{1B}\[(\d+)A/) {
        row += move.1.flatMap { Int($0) }.map { -$0 } ?? 1
        if row < 0 { return false }
      }
      return true
    }

    @Test(
      "every measuring command shows how far it is, and so does the reading of data",
      arguments: [
        ("evaluate", "evaluation, test"), ("curvature", "curvature, test"),
        ("stability", "stability, test"), ("bound", "radii, test"),
        ("attack", "unattacked images"), ("landscape", "landscape, test"),
      ])
    func everyCommand(command: String, survey: String) throws {
      let run = try TrainedDigits()
      let outcome = try Program.run(
        [command, "--model", "run", "--samples", "9", "--progress", "line"], in: run.directory)
      #expect(outcome.status == 0, "\(outcome)")
      for stage in ["checking test data", survey] {
        let shown = try Regex("\(stage)  \\d+ %.*[█░]")
        #expect(outcome.errors.contains(shown), "no \(stage): \(outcome.errors)")
      }
      #expect(Self.stays(" lcnn-dist: [lcnn_dist] model: ", in: outcome.errors))
    }

    @Test("training shows how far the reading of its data is")
    func training() throws {
      let directory = try TemporaryDirectory()
      let outcome = try Program.run(
        [
          "train", "--data-set", "synthetic", "--train-samples", "40", "--test-samples", "9",
          "--batch-size", "20", "--max-steps", "1", "--run", "run", "--progress", "line",
        ], ranks: 2, in: directory)
      #expect(outcome.status == 0, "\(outcome)")
      for stage in ["making train data", "checking train data", "evaluation, test"] {
        let shown = try Regex("\(stage)  \\d+ %.*[█░]")
        #expect(outcome.output.contains(shown), "no \(stage): \(outcome.output)")
      }
    }
  }
}

extension WaitingRuns {
  /// Measurements that their user watches on a terminal, and ends by Ctrl-C.
  @Suite struct TerminalTests {
    /// How the ranks are started, for `bash`; L is the program.
    enum Launch { case alone, mpirun, local }

    /// Runs a measurement on a terminal of 40 columns until its state has some lines, then types
    /// Ctrl-C.
    private func interrupt(
      _ command: String, _ launch: Launch, in directory: TemporaryDirectory
    ) throws -> Program.Outcome {
      let program = try Program.path()
      let words =
        switch launch {
        case .alone: "'\(program)'"
        case .mpirun: "mpirun -n 2 '\(program)'"
        case .local:
          "'\(Program.script("launch/local"))' -n 2 --log-dir logs --program '\(program)' --"
        }
      // launch/local looks for its ranks once a second.
      let pause = launch == .local ? 1.2 : 0.3
      // The last cat keeps the terminal open until the ranks have ended. Some shells that wait for a
      // command end by Ctrl-C themselves, so the shell of the terminal makes way for it.
      let line = """
        mkfifo end
        { until (( $(wc -l 2>/dev/null <state) >= 4 )); do sleep 0.02; done
          sleep \(pause); printf '\\003'; cat end; } |
        { script -qec "stty cols 40 rows 24; exec \(words) \(command) --state state" /dev/null
          status=$?; echo >end; exit $status; }
        """
      return try Program.start(
        command: ["bash", "-c", line],
        environment: ["TERM": "xterm", "OMPI_MCA_odls_base_sigkill_timeout": "1"], in: directory
      ).outcome()
    }

    @Test(
      "Ctrl-C keeps what was measured, says how to go on, and leaves the terminal as it was",
      arguments: [
        ("attack --steps 2000", .mpirun),
        ("curvature --iterations 60 --tolerance 0 --split both", .alone),
        ("curvature --iterations 60 --tolerance 0 --split both", .local),
      ] as [(String, Launch)])
    func interrupted(command: String, launch: Launch) throws {
      let directory = try TrainedDigits(steps: 60).directory
      let outcome = try interrupt(
        "\(command) --model run --test-samples null --batch-size 16", launch, in: directory)
      // mpirun kills ranks that do not end at once; launch/local lets them end.
      let isKilled = launch == .mpirun
      #expect(
        isKilled ? outcome.status != 0 : outcome.status == ExitStatus.stopped.rawValue,
        "\(outcome)")
      let shown = outcome.output.replacing("\r\n", with: "\n").replacing("\r", with: "")
      #expect(shown.contains(/\d+ %.*left/) && !shown.contains("\u{1B}[?25l"), "\(shown)")
      let inPlace = shown.replacing(/\u{1B}\[\d*[A-Z]|\^C/, with: "").split(separator: "\n")
        .filter { $0.contains(" %") }
      #expect(!inPlace.isEmpty && inPlace.allSatisfy { $0.count < 40 }, "\(inPlace)")
      // The terminal echoes ^C where the cursor is; the words begin on a line of their own.
      let stopping = "\nlcnn-dist: stopping; the same command goes on with what is in state"
      let stopped = "lcnn-dist: stopped by a signal; the same command goes on"
      #expect(shown.components(separatedBy: stopping).count == 2, "\(shown)")
      let count = shown.components(separatedBy: stopped).count - 1
      #expect(isKilled ? count <= 1 : count == 1, "\(shown)")
      #expect(ProgramRuns.ProgressTests.stays(stopping, in: shown), "\(shown)")
      if launch == .local {
        #expect(ProgramRuns.ProgressTests.stays("local: SIGINT: ", in: shown), "\(shown)")
      }
      #expect(try directory.text("state").split(separator: "\n").count >= 4)
    }
  }
}
