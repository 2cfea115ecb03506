import Foundation
import TestFiles
import Testing

extension WaitingRuns {
  /// Commands that the program and its launchers print, given to a shell as they stand.
  @Suite struct PrintedCommandTests {
    /// What a shell would take apart, join or replace.
    private static let name = #"it's "my" $HOME `run` *"#

    /// Runs a line in a shell that finds the program, and what is in `bin`.
    private static func paste(
      _ line: some StringProtocol, in directory: TemporaryDirectory
    ) throws -> Program.Outcome {
      let program = URL(fileURLWithPath: try Program.path()).deletingLastPathComponent().path
      let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
      return try Program.start(
        command: ["sh", "-c", String(line)],
        environment: ["PATH": "\(directory.path)/bin:\(program):\(path)"], in: directory
      ).outcome()
    }

    @Test("the command of launch/local --dry-run trains", .localLauncher)
    func local() throws {
      let directory = try TemporaryDirectory()
      let printed = try Program.start(
        command: [
          Program.script("launch/local"), "-n", "2", "--program", try Program.path(), "--log-dir",
          "\(Self.name) logs", "--dry-run", "--", "train", "--max-steps", "1", "--test-samples",
          "10", "--run", Self.name,
        ], in: directory
      ).outcome()
      #expect(printed.status == 0 && printed.outputLines.count == 1, "\(printed)")
      #expect(try directory.snapshot().isEmpty, "a dry run has written files")
      let trained = try Self.paste(printed.output, in: directory)
      #expect(trained.status == 0, "\(trained)")
      #expect(try !directory.text("\(Self.name)/metrics.jsonl").isEmpty)
      #expect(try !directory.text("\(Self.name) logs/rank.0/stdout").isEmpty)
    }

    @Test("the commands that a run in the way, and the table of an unfinished run, advise work")
    func resume() throws {
      let directory = try TemporaryDirectory()
      let train = ["train", "--epochs", "1", "--run", Self.name, "--test-samples", "10"]
      let begun = try Program.run(train + ["--max-steps", "1"], in: directory)
      #expect(begun.status == 0, "\(begun)")
      let refused = try Program.run(train, in: directory)
      let hint = try #require(
        refused.errors.firstMatch(of: /go on with it by (.*), or choose/), "\(refused)")
      let resumed = try Self.paste(hint.1, in: directory)
      #expect(resumed.status == 0, "\(resumed)")
      #expect(resumed.output.contains("resumed after step 1"), "\(resumed)")
      let table = try Program.run(["table", Self.name], in: directory)
      let measure = try #require(
        (table.output + table.errors).firstMatch(of: /make it by (lcnn-dist curvature .*)/),
        "\(table)")
      let measured = try Self.paste("\(measure.1) --samples 4", in: directory)
      #expect(measured.status == 0, "\(measured)")
      #expect(try !directory.text("\(Self.name)/curvature.json").isEmpty)
    }

    @Test("the command of launch slurm submits its script, which finds the checkout")
    func slurm() throws {
      let directory = try TemporaryDirectory()
      let copied = try Program.start(
        command: [
          "sh", "-c", #"mkdir "$1" && cp -R "$0" "$1""#, Program.script("launch"), Self.name,
        ],
        in: directory
      ).outcome()
      #expect(copied.status == 0, "\(copied)")
      let commands = [
        "sbatch": #"[ "$1" = --test-only ] || SLURM_JOB_ID=1 exec bash "$1" run"#,
        "srun": "echo ranks are started",
      ]
      for (command, body) in commands {
        let path = try directory.write(Array("#!/bin/sh\n\(body)\n".utf8), to: "bin/\(command)")
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
      }
      let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
      let written = try Program.run(
        ["launch", "slurm", "train", "--output", "\(Self.name).sbatch"],
        environment: [
          "LCNN_DIST_HOME": "\(directory.path)/\(Self.name)",
          "PATH": "\(directory.path)/bin:\(path)",
        ], in: directory)
      #expect(written.status == 0, "\(written)")
      let hint = try #require(
        written.output.firstMatch(of: /submit it by: (.*) …/), "\(written)")
      let submitted = try Self.paste(hint.1, in: directory)
      #expect(submitted.status == 0, "\(submitted)")
      #expect(submitted.output.contains("ranks are started"), "\(submitted)")
    }
  }
}
