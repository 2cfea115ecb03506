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
      let help = try shell("L train --help > /dev/full")
      #expect(help.status == ExitStatus.writeFailed.rawValue, "\(help)")
      for redirection in ["2> /dev/full", "2>&1 | head -n 1"] {
        let unheard = try shell("L evaluate --model /nonexistent \(redirection)")
        #expect(unheard.status == ExitStatus.unusableInput.rawValue, "\(unheard)")
      }
    }

    @Test("results go through links, devices and pipes, which stay what they are")
    func results() throws {
      let trained = try shell("L train --run run --max-steps 1 --test-samples 10")
      #expect(trained.status == 0, "\(trained)")
      let measure = "L curvature --model run --iterations 1"
      let linked = try shell(
        """
        ln -s file link; ln -s later fresh; echo old > file
        \(measure) --csv link --json fresh && test -L link && test -L fresh
        """)
      #expect(linked.status == 0, "\(linked)")
      #expect(try directory.text("later").contains("model-sha256"))
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
      let aliases = "[&a x, " + Array(repeating: "*a", count: 9).joined(separator: ",") + "]"
      for (recipe, words) in [
        ("run: it's\n? \(aliases)\n: 1\n", "case.yaml:2: not YAML: aliases such as *name"),
        (String(repeating: "[", count: 100_000), "case.yaml:1: not YAML: more than 256 brackets"),
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

    @Test("names that a terminal would obey are printed as numbers, by every command")
    func controls() throws {
      let header =
        #"{"a\u001b[31m":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#
      let length = withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian, Array.init)
      let file = length + Array(header.utf8) + [UInt8](repeating: 0, count: 8)
      try directory.write(file, to: "model\u{1B}[32m")
      let unknown = header.replacing("F32", with: #"F\u001b[33m"#)
      let size = withUnsafeBytes(of: UInt64(unknown.utf8.count).littleEndian, Array.init)
      try directory.write(size + Array(unknown.utf8) + [0, 0, 0, 0, 0, 0, 0, 0], to: "dtype")
      let outcome = try shell(
        #"""
        L train --run $'run\e[34m' --max-steps 1 --test-samples 10
        L evaluate --model $'run\e[34m' --samples 1000000
        L checkpoint verify $'run\e[34m'; L table $'run\e[34m'; L compare $'run\e[34m' $'run\e[34m'
        L checkpoint inspect $'model\e[32m'; L checkpoint diff $'model\e[32m' $'model\e[32m'
        L checkpoint inspect dtype || L evaluate --model dtype --recipe digits
        """#)
      for text in [outcome.output, outcome.errors] {
        #expect(!text.unicodeScalars.contains { $0 == "\u{1B}" }, "\(outcome)")
        #expect(text.contains(#"run\u{1b}[34m"#), "\(outcome)")
      }
      #expect(outcome.output.contains(#"a\u{1b}[31m"#), "\(outcome)")
      #expect(outcome.output.contains(#"model\u{1b}[32m"#), "\(outcome)")
      #expect(outcome.errors.contains(#"F\u{1b}[33m"#), "\(outcome)")
    }

    @Test("pipes in a run's directory are refused at once, and not waited for")
    func pipes() throws {
      let trained = try shell("L train --run run --max-steps 1 --test-samples 10")
      #expect(trained.status == 0, "\(trained)")
      for (file, status) in [
        ("recipe.json", ExitStatus.unusableInput), ("metrics.jsonl", .runDirectory),
      ] {
        let outcome = try shell(
          """
          mv run/\(file) kept; mkfifo run/\(file); L train --resume --run run; code=$?
          rm run/\(file); mv kept run/\(file); exit $code
          """)
        #expect(outcome.status == status.rawValue, "\(outcome)")
        #expect(outcome.complaints.count == 1, "\(outcome)")
        #expect(outcome.errors.contains("cannot read run/\(file)"), "\(outcome)")
      }
    }

    @Test("what does not fit into memory ends with its code, and nothing is made")
    func memory() throws {
      let recipe = #"{\"data-set\": \"synthetic\", \"test-samples\": 2000000000}"#
      let header =
        #"{"__metadata__":{"lcnn-dist.recipe":"\#(recipe)"},"#
        + #""a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#
      let length = withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian, Array.init)
      try directory.write(length + Array(header.utf8) + [0, 0, 0, 0], to: "large")
      for arguments in [
        "train --run run --data-set synthetic --test-samples 2000000000",
        "evaluate --model sparse --recipe digits", "evaluate --model large",
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
      arguments: [200, 250, 300, 350, 400, 450, 520, 600, 680, 760, 1000, 1200])
    func addressSpace(mebibytes: Int) throws {
      let outcome = try shell(
        "ulimit -v \(mebibytes << 10); L train --run run --max-steps 1 --test-samples 10")
      let mayFit = mebibytes >= 1024
      #expect(
        outcome.status == ExitStatus.outOfMemory.rawValue || mayFit && outcome.status == 0,
        "\(outcome)")
      let words = "limited to \(mebibytes) MiB (ulimit -v)"
      #expect(
        mayFit || outcome.complaints.count == 1 && outcome.errors.contains(words), "\(outcome)")
    }

    @Test("SIGUSR2 asks the watchdog for a dump, and ends no run where there is none")
    func dumpSignal() throws {
      let running = try Program.start(
        ["train", "--run", "run", "--epochs", "3", "--test-samples", "10", "--watchdog", "off"],
        in: directory)
      while running.isRunning && (try? directory.data("run/metrics.jsonl"))?.isEmpty ?? true {
        usleep(1000)
      }
      running.send(signal: SIGUSR2)
      let outcome = try running.outcome()
      #expect(outcome.status == 0, "\(outcome)")
    }

    @Test(
      "where the system refuses a thread, nothing is made",
      .enabled(if: geteuid() == 0, "only root can start as a user without other processes"))
    func threads() throws {
      var refused = 0
      // The folders above the program may be closed to the user.
      let program = try Program.path()
      let linked = try shell("ln '\(program)' program || cp '\(program)' program")
      #expect(linked.status == 0, "\(linked)")
      // Without Open MPI's daemon, which starts threads whenever it likes.
      for limit in 2...20 {
        let outcome = try shell(
          """
          chmod 777 .; export OPENBLAS_NUM_THREADS=1 OMPI_MCA_ess_singleton_isolated=1
          setpriv --reuid 54321 --clear-groups --bounding-set=-all --inh-caps=-all \\
            prlimit --nproc=\(limit) ./program train --run run --max-steps 1 \\
            --test-samples 10 --threads 1
          """)
        if outcome.status == 0 { break }
        #expect(!FileManager.default.fileExists(atPath: "\(directory.path)/run"), "\(outcome)")
        if outcome.status == ExitStatus.outOfMemory.rawValue { refused += 1 }
      }
      #expect(refused >= 2)
      #expect(FileManager.default.fileExists(atPath: "\(directory.path)/run"))
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
