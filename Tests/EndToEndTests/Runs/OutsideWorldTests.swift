import Failures
import Foundation
import TestFiles
import Testing

extension ProgramRuns {
  /// Streams, links, pipes and memory that are not what the program would like.
  @Suite struct OutsideWorldTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    /// Runs a line of bash, in which L is the program.
    private func shell(_ line: String) throws -> Program.Outcome {
      try Program.start(
        command: ["bash", "-c", "set -o pipefail; L() { '\(Program.path())' \"$@\"; }; \(line)"],
        in: directory
      ).outcome()
    }

    @Test(
      "a reader that has gone, and closed streams, end no run",
      arguments: ["| head -n 1", "| true", ">&-", "2>&-", "<&- >&- 2>&-"])
    func streams(redirection: String) throws {
      let outcome = try shell(
        "L train --run run --max-steps 5 --test-samples 10 \(redirection)")
      #expect(outcome.status == 0, "\(outcome)")
      let steps = try directory.text("run/metrics.jsonl").split(separator: "\n")
      #expect(steps.count { $0.contains("\"train/loss\"") } == 5)
      #expect(try directory.text("run/recipe.json").hasSuffix("}\n"))
    }

    @Test("an error has its exit code without standard error, and a full disk one of its own")
    func codes() throws {
      let missing = try shell("L evaluate --model /nonexistent 2>&-")
      #expect(missing.status == ExitStatus.unusableInput.rawValue, "\(missing)")
      let full = try shell("L recipe digits > /dev/full")
      #expect(full.status == ExitStatus.writeFailed.rawValue, "\(full)")
      #expect(full.errors.contains("standard output"), "\(full)")
    }

    @Test("results go through links, devices and pipes, which stay what they are")
    func results() throws {
      let trained = try shell("L train --run run --max-steps 1 --test-samples 10")
      #expect(trained.status == 0, "\(trained)")
      let measure = "L curvature --model run --iterations 1"
      let linked = try shell(
        "ln -s file link; echo old > file; \(measure) --csv link && test -L link")
      #expect(linked.status == 0, "\(linked)")
      let csv = try directory.text("file")
      #expect(csv.split(separator: "\n").count == 11, "\(csv)")
      let piped = try shell("\(measure) --csv >(cat > copy) && wait")
      #expect(piped.status == 0, "\(piped)")
      usleep(200_000)
      #expect(try directory.text("copy") == csv)
      let null = try shell("mknod null c 1 3 && \(measure) --csv null && test -c null")
      #expect(null.status == 0 || null.errors.contains("mknod"), "\(null)")
      let unread = try shell("mkfifo pipe; \(measure) --csv pipe")
      #expect(unread.status == ExitStatus.writeFailed.rawValue, "\(unread)")
      #expect(unread.output.isEmpty && unread.complaints.count == 1, "\(unread)")
      let planted = try shell("ln -s victim .out.partial; \(measure) --csv out; ls victim")
      #expect(planted.errors.contains("victim"), "\(planted)")
      #expect(try directory.text("out") == csv)
    }

    @Test("a link to nowhere is refused as a run and as a model, and passed over as a checkpoint")
    func danglingLinks() throws {
      let run = try shell("ln -s nowhere link; L train --run link --max-steps 1")
      #expect(run.status == ExitStatus.runDirectory.rawValue, "\(run)")
      #expect(run.complaints.count == 1 && run.errors.contains("link"), "\(run)")
      let model = try shell("L evaluate --model link")
      #expect(model.status == ExitStatus.unusableInput.rawValue, "\(model)")
      #expect(model.complaints.count == 1 && model.errors.contains("link"), "\(model)")
      let trained = try shell(
        """
        L train --run run --train-samples 192 --test-samples 10 --epochs 3 --max-steps 4 &&
        ln -s nowhere run/checkpoints/step-00000009 && L evaluate --model run &&
        L train --resume --run run --max-steps null && L checkpoint verify run
        """)
      #expect(trained.status == 0, "\(trained)")
      #expect(trained.errors.contains("step-00000009 is left out: "), "\(trained)")
      #expect(trained.output.contains("step-00000009 is left out: "), "\(trained)")
    }

    @Test("text that would make a terminal or the parser do work is refused and shown as it is")
    func text() throws {
      let bomb = (1...20).map { level in
        "? &k\(level) ["
          + Array(repeating: level == 1 ? "x" : "*k\(level - 1)", count: 9)
          .joined(separator: ",") + "]\n: 1\n"
      }.joined()
      for (recipe, words) in [
        (bomb, "case.yaml:1: not YAML: anchors and aliases"),
        (String(repeating: "[", count: 100_000), "case.yaml:1: not YAML: brackets nested"),
        ("\"\\e]0;evil\\a\": 1\n", "\\u{1b}]0;evil\\u{7}"),
        ("epochs: \"\\e[31m\"\n", "\\u{1b}[31m"),
      ] {
        try directory.write(recipe.utf8, to: "case.yaml")
        let outcome = try shell("L train --recipe case.yaml --run run")
        #expect(outcome.status == ExitStatus.usage.rawValue, "\(outcome)")
        #expect(outcome.errors.contains(words), "\(outcome)")
        #expect(!outcome.errors.contains("\u{1b}"))
      }
    }

    @Test("what does not fit into memory ends with its code, and nothing is made")
    func memory() throws {
      for arguments in [
        "train --run run --data-set synthetic --test-samples 2000000000",
        "evaluate --model sparse --recipe digits",
        "train --run run --data-set idx --data idx",
      ] {
        let outcome = try shell(
          """
          truncate -s 1T sparse; mkdir -p idx; truncate -s 1T idx/train-images-idx3-ubyte
          touch idx/train-labels-idx1-ubyte
          L \(arguments)
          """)
        #expect(
          [ExitStatus.outOfMemory.rawValue, ExitStatus.unusableInput.rawValue]
            .contains(outcome.status), "\(arguments): \(outcome)")
        #expect(outcome.complaints.count == 1, "\(outcome)")
        #expect(!FileManager.default.fileExists(atPath: "\(directory.path)/run"))
      }
    }

    @Test(
      "a limit of the address space ends the program at once, or only what does not fit",
      arguments: [150, 200, 250, 300, 350, 400, 450, 520, 600])
    func addressSpace(mebibytes: Int) throws {
      let outcome = try shell(
        "ulimit -v \(mebibytes << 10); L train --run run --max-steps 1 --test-samples 10")
      let mayFit = mebibytes >= 512
      #expect(
        outcome.status == ExitStatus.outOfMemory.rawValue || mayFit && outcome.status == 0,
        "\(outcome)")
      let words = "limited to \(mebibytes) MiB (ulimit -v)"
      #expect(
        mayFit || outcome.complaints.count == 1 && outcome.errors.contains(words), "\(outcome)")
    }

    @Test("a second attack on one state waits for nobody: it is refused")
    func attackState() throws {
      let trained = try shell("L train --run run --max-steps 1 --test-samples 40")
      #expect(trained.status == 0, "\(trained)")
      let command = "L attack --model run --attack pgd --steps 20 --state state"
      let outcome = try shell(
        """
        { flock 9; \(command); } 9>>state
        """)
      #expect(outcome.status == ExitStatus.runDirectory.rawValue, "\(outcome)")
      #expect(outcome.errors.contains("state is used by another measurement"), "\(outcome)")
      let alone = try shell("\(command) && test ! -e state")
      #expect(alone.status == 0, "\(alone)")
    }
  }
}
