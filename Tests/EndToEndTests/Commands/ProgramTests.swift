import EmbeddedFiles
import Failures
import Foundation
import Kernels
import Recipes
import TestFiles
import Testing

extension ProgramRuns {
  /// Output for correct and for wrong command lines.
  @Suite struct ProgramTests {
    @Test("two ranks answer --version once, with a commit of this repository where there is one")
    func version() throws {
      let outcome = try Program.run(["--version"], ranks: 2)
      #expect(outcome.status == 0 && outcome.errors.isEmpty, "\(outcome)")
      let version = try #require(
        outcome.output.wholeMatch(of: /\d+\.\d+\.\d+(?:\+([0-9a-f]{12})(?:\.changed)?)?\n/),
        "\(outcome)")
      let folder = URL(fileURLWithPath: Program.script("launch")).deletingLastPathComponent().path
      guard FileManager.default.fileExists(atPath: "\(folder)/.git") else { return }
      let commit = try #require(version.output.1)
      let known = try Program.start(
        command: [
          "git", "-C", folder, "-c", "safe.directory=*", "cat-file", "-e", "\(commit)^{commit}",
        ]
      ).outcome()
      #expect(known.status == 0, "\(commit): \(known)")
    }

    @Test("the help names every command and exit code within 80 columns")
    func help() throws {
      let outcome = try Program.run(["--help"])
      #expect(outcome.status == 0 && outcome.errors.isEmpty, "\(outcome)")
      for command in [
        "train", "evaluate", "curvature", "stability", "attack", "bound", "table", "bench",
        "samples", "recipe", "reference",
      ] {
        #expect(outcome.output.contains("  \(command) "), "no \(command)")
      }
      for status in ExitStatus.allCases {
        let line = "  \(status.rawValue)  \(status.meaning)"
        #expect(outcome.outputLines.contains(line), "no line “\(line)”")
      }
      #expect(outcome.outputLines.allSatisfy { $0.count <= 80 }, "\(outcome.output)")
    }

    @Test("every key of a recipe is a flag of each command that takes a recipe, with its help")
    func flags() throws {
      for command in [
        "train", "evaluate", "curvature", "stability", "attack", "bound", "bench", "samples",
      ] {
        let words = try Program.run([command, "--help"]).output.split(
          whereSeparator: \.isWhitespace)
        let text = words.joined(separator: " ")
        for key in Recipe.keys {
          let flag =
            key.form == .toggle ? "--\(key.name)/--no-\(key.name)" : "--\(key.name) <value>"
          #expect(text.contains("\(flag) \(key.help) (\(key.values)"), "\(key.name)")
        }
      }
    }

    @Test(
      "a switch is a flag, which --no- turns off, and takes true or false as other keys do",
      arguments: [
        (["--reproducible"], true), (["--reproducible", "true"], true),
        (["--reproducible=true"], true), (["--no-reproducible", "--reproducible"], true),
        (["--no-reproducible"], false), (["--reproducible", "false"], false),
        (["--reproducible=false"], false), (["--reproducible", "--no-reproducible"], false),
      ])
    func switches(words: [String], isOn: Bool) throws {
      // Reproducible sums need batch norm over all ranks, so that the switch decides the outcome.
      let outcome = try Program.run(["samples", "--steps", "1", "--batch-norm", "local"] + words)
      #expect((outcome.status != 0) == isOn, "\(outcome)")
      #expect(!isOn || outcome.complaints.first?.contains("reproducible needs") == true)
    }

    @Test("a switch refuses a value that is neither true nor false")
    func wrongSwitch() throws {
      let outcome = try Program.run(["samples", "--steps", "1", "--flip=yes"])
      #expect(outcome.status == ExitStatus.usage.rawValue, "\(outcome)")
      #expect(outcome.complaints == ["lcnn-dist: --flip is yes, expected true or false"])
    }

    @Test("shells get their completion", arguments: ["bash", "zsh", "fish"])
    func completion(shell: String) throws {
      let outcome = try Program.run(["--generate-completion-script", shell])
      #expect(outcome.status == 0 && outcome.errors.isEmpty, "\(outcome.errors)")
      for word in ["lcnn-dist", "batch-size", "no-flip", "resnet34", "cifar10-vgg11-lcnn"] {
        #expect(outcome.output.contains(word), "\(shell): no \(word)")
      }
    }

    @Test("the shell accepts its completion")
    func completionSyntax() throws {
      let directory = try TemporaryDirectory()
      let script = try Program.run(["--generate-completion-script", "bash"]).output
      let path = try directory.write(script.utf8, to: "completion.bash")
      let bash = try Process.run(URL(fileURLWithPath: "/bin/bash"), arguments: ["-n", path])
      bash.waitUntilExit()
      #expect(bash.terminationStatus == 0)
    }

    @Test("ranks complain once about an unknown flag, and name the nearest", arguments: [2, 8])
    func unknownFlag(ranks: Int) throws {
      let outcome = try Program.run(["train", "--epoch", "3"], ranks: ranks)
      #expect(outcome.status == ExitStatus.usage.rawValue, "\(outcome)")
      #expect(outcome.output.isEmpty, "\(outcome.output)")
      let complaints = outcome.complaints.filter { $0.hasPrefix("Error: ") }
      #expect(
        complaints == ["Error: Unknown option '--epoch'. Did you mean '--epochs'?"], "\(outcome)")
      #expect(outcome.complaints.count { $0.contains("Usage: ") } == 1, "\(outcome.complaints)")
    }

    @Test(
      "an option of other programs leads to the one here, or to the reason why there is none",
      arguments: [
        ("--lr", "it is called --learning-rate here"), ("--bs", "it is called --batch-size here"),
        ("--config", "it is called --recipe here"), ("--device", "computes on CPUs"),
        ("--gpus", "mpirun -n gives ranks"), ("--num-workers", "reads batches ahead"),
        ("--nproc_per_node", "srun -n"), ("--zzz", "unknown option --zzz; see --help"),
      ])
    func foreignOption(name: String, words: String) throws {
      let outcome = try Program.run(["train", name, "3"])
      #expect(outcome.status == ExitStatus.usage.rawValue, "\(outcome)")
      #expect(outcome.complaints.first?.contains(words) == true, "\(outcome)")
      #expect(!outcome.errors.contains("Did you mean"), "\(outcome)")
    }

    @Test("values that make little sense are told of, and hints give nothing that was given")
    func unlikelyValues() throws {
      let outcome = try Program.run(
        [
          "train", "--batch-size", "1000000", "--max-steps", "1", "--threads", "9",
          "--test-samples",
          "10",
        ])
      #expect(outcome.status == 0, "\(outcome)")
      #expect(
        outcome.output.contains("--batch-size 1000000 is more than the 1442 training samples"),
        "\(outcome)")
      #expect(outcome.errors.contains(/warning.*threads: 9 threads of rank 0 share \d cores/))
      #expect(!outcome.errors.contains("--bind-to none"), "\(outcome)")
      let milestones = try Program.run(["train", "--milestones", "30,60"])
      #expect(milestones.errors.contains("a fraction of the epochs, from 0 to 1"), "\(milestones)")
    }

    @Test("an unknown command is refused with the nearest", arguments: ["trian", "evalute"])
    func unknownCommand(name: String) throws {
      let outcome = try Program.run([name, "--epochs", "3"])
      let nearest = name == "trian" ? "train" : "evaluate"
      #expect(outcome.status == ExitStatus.usage.rawValue, "\(outcome)")
      let expected = "Error: there is no command \"\(name)\"; did you mean \"\(nearest)\"?"
      #expect(outcome.complaints.first == expected, "\(outcome)")
    }

    @Test("a negative number is a value, which is refused for what it is")
    func negativeNumbers() throws {
      for (arguments, words) in [
        (
          ["train", "--learning-rate", "-0.1"], "--learning-rate is -0.1, expected a number above 0"
        ),
        (["samples", "--steps", "-1"], "--steps -1 must be at least 1"),
        (["train", "--layers", "-8,M"], "--layers is [-8, M], expected a list"),
        (
          ["train", "--stall-timeout", "-1"], "--stall-timeout -1.0 must be a number of at least 1"
        ),
      ] {
        let outcome = try Program.run(arguments)
        #expect(outcome.status == ExitStatus.usage.rawValue, "\(outcome)")
        #expect(outcome.complaints.first?.contains(words) == true, "\(outcome)")
      }
    }

    @Test("the help says what a command is for before the keys of a recipe")
    func helpOrder() throws {
      for (command, option) in [
        ("train", "--resume"), ("evaluate", "--split"), ("curvature", "--method"),
        ("stability", "--radii"), ("attack", "--norm"), ("bound", "--measured"),
        ("bench", "--quick"), ("samples", "--steps"),
      ] {
        let lines = try Program.run([command, "--help"]).outputLines
        let optionLine = try #require(
          lines.firstIndex { $0.hasPrefix("  \(option)") }, "\(command)")
        let recipe = try #require(lines.firstIndex(of: "RECIPE:"), "\(command)")
        #expect(optionLine < recipe, "\(command)")
      }
    }

    @Test("recipe lists the built-in recipes, and prints each as it was written")
    func recipes() throws {
      let list = try Program.run(["recipe"])
      #expect(list.status == 0 && list.outputLines == EmbeddedFiles.recipes.map(\.name), "\(list)")
      for name in list.outputLines {
        let recipe = try Program.run(["recipe", name])
        #expect(recipe.status == 0 && recipe.output == EmbeddedFiles.recipe(named: name))
      }
      let unknown = try Program.run(["recipe", "digit"])
      #expect(unknown.status == ExitStatus.usage.rawValue, "\(unknown)")
      #expect(unknown.complaints.first?.contains("did you mean \"digits\"?") == true, "\(unknown)")
    }

    @Test("rank 0 alone prints; the last line is the accuracy, which evaluate finds again")
    func trainAndEvaluate() throws {
      let directory = try TemporaryDirectory()
      let train = try Program.run(
        ["train", "--run", "run", "--epochs", "4"], ranks: 2, in: directory)
      #expect(train.status == 0 && train.complaints.isEmpty, "\(train)")
      let accuracy = try #require(train.outputLines.last)
      #expect(accuracy.wholeMatch(of: /test accuracy \d+\.\d\d %/) != nil, "\(accuracy)")
      for (start, count) in [("run run: 2 ranks", 1), ("test accuracy ", 1)] {
        #expect(train.outputLines.count { $0.hasPrefix(start) } == count, "\(train.output)")
      }
      #expect(train.output.matches(of: /\n\d{4}-\d\d-\d\dT[0-9:]+Z  epoch \d/).count == 4)
      #expect(!train.output.contains("\u{1B}"), "a moving line where nobody watches")
      for ranks in [1, 3] {
        let evaluate = try Program.run(["evaluate", "--model", "run"], ranks: ranks, in: directory)
        #expect(evaluate.status == 0 && evaluate.complaints.isEmpty, "\(evaluate)")
        #expect(evaluate.outputLines.count == 2, "\(evaluate.output)")
        #expect(evaluate.outputLines.last == accuracy, "\(ranks) ranks: \(evaluate.output)")
      }
    }

    @Test("a quiet run prints its result only, and one with JSON an object per line")
    func quietAndJSON() throws {
      let directory = try TemporaryDirectory()
      let quiet = try Program.run(
        ["train", "--run", "quiet", "--epochs", "1", "--quiet"], in: directory)
      // On a busy machine there may be warnings of a slow rank.
      let others = quiet.errors.split(separator: "\n").filter { !$0.contains(" is slow: ") }
      #expect(quiet.status == 0 && others.isEmpty, "\(quiet)")
      #expect(quiet.outputLines.count == 1, "\(quiet)")
      let json = try Program.run(
        ["train", "--run", "json", "--epochs", "2", "--log-format", "json"], ranks: 2,
        in: directory)
      let events = try (json.output + json.errors).split(separator: "\n").map { line in
        let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
        return try #require(object?["event"] as? String, "\(line)")
      }
      let known = events.filter { $0 != "log" && $0 != "note" }
      #expect(known == ["begin", "epoch", "epoch", "checkpoints", "memory", "end"], "\(json)")
    }

    @Test("evaluate says which file it took, in words and as JSON with numbers")
    func evaluation() throws {
      let directory = try TemporaryDirectory()
      _ = try Program.run(["train", "--run", "run", "--epochs", "1"], in: directory)
      let outcome = try Program.run(
        ["evaluate", "--model", "run", "--json", "e.json"], ranks: 2, in: directory)
      let file = "run/checkpoints/step-00000023/model.safetensors"
      #expect(outcome.status == 0 && outcome.output.contains(", of \(file)\n"), "\(outcome)")
      let data = Data(try directory.text("e.json").utf8)
      let found = try JSONSerialization.jsonObject(with: data) as? [String: Any]
      #expect(found?["file"] as? String == file && found?["samples"] as? Int == 355)
      #expect(found?["accuracy"] as? Double != nil && found?["loss"] as? Double != nil)
      let digests = try directory.text("run/checkpoints/step-00000023/SHA256SUMS")
      let digest = try #require(found?["model-sha256"] as? String)
      #expect(
        digests.contains("\(digest)  model.safetensors") && found?["model-step"] as? Int == 23)
    }

    @Test("a run that diverges says where, and keeps the weights from before")
    func diverged() throws {
      let directory = try TemporaryDirectory()
      let outcome = try Program.run(
        ["train", "--run", "run", "--learning-rate", "1e30"], ranks: 2, in: directory)
      #expect(outcome.status == ExitStatus.diverged.rawValue, "\(outcome)")
      #expect(outcome.complaints.count == 1, "\(outcome.complaints)")
      let line = outcome.complaints.first ?? ""
      #expect(line.hasPrefix("lcnn-dist: ") && line.contains("not finite at step "), "\(line)")
      #expect(
        line.contains(" of epoch 1, first on rank ") && line.contains("--learning-rate"), "\(line)")
      let checkpoints = "\(directory.path)/run/checkpoints"
      #expect(
        try FileManager.default.contentsOfDirectory(atPath: checkpoints) == ["step-00000000"])
    }

    @Test("without --run the run is named for its recipe, its seed and the date")
    func defaultRun() throws {
      let directory = try TemporaryDirectory()
      let outcome = try Program.run(
        ["train", "--max-steps", "1", "--test-samples", "10"], ranks: 2, in: directory)
      #expect(outcome.status == 0, "\(outcome)")
      let runs = try FileManager.default.contentsOfDirectory(atPath: "\(directory.path)/runs")
      #expect(runs.count == 1)
      #expect(runs.first?.wholeMatch(of: /digits-seed\d+-\d{4}-\d\d-\d\d-\d{6}/) != nil, "\(runs)")
    }

    @Test("one line of the log names OpenBLAS's kernels, which are not slow ones")
    func kernels() throws {
      let outcome = try log(environment: [:])
      #expect(outcome.count == 1 && outcome.first?.contains("slow") == false, "\(outcome)")
    }

    @Test(
      "kernels that starting again did not mend are called slow, with the advice",
      .enabled(if: BLASCoreType.Processor.current.vectors != .portable))
    func slowKernels() throws {
      let outcome = try log(environment: [
        BLASCoreType.coreTypeVariable: "Prescott", BLASCoreType.guardVariable: "1",
      ])
      #expect(outcome.count == 1, "\(outcome)")
      let words = "OpenBLAS kernels: Prescott, slow on this CPU; set OPENBLAS_CORETYPE="
      #expect(outcome.first?.contains(words) == true, "\(outcome)")
    }

    /// The log's lines of two ranks that train one step.
    private func log(environment: [String: String]) throws -> [String] {
      let outcome = try Program.run(
        ["train", "--max-steps", "1", "--test-samples", "10"], ranks: 2, environment: environment)
      #expect(outcome.status == 0 && outcome.complaints.isEmpty, "\(outcome)")
      return outcome.errors.split(separator: "\n").map(String.init)
    }
  }
}
