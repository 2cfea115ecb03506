import EmbeddedFiles
import Foundation
import MessagePassing
import TestFiles
import Testing

extension WaitingRuns {
  /// The job scripts of `launch/slurm` under a real Slurm.
  @Suite(.enabled(if: LocalSlurm.isAvailable, LocalSlurm.requirement)) struct SlurmTests {
    /// Writes a recipe of that many epochs, of the same length each, whatever their number.
    ///
    /// A run starts with an endless recipe, which a test shortens before the run continues. So the test
    /// can signal the run at any time, however fast the machine is.
    private static func write(recipe name: String, epochs: Int, on slurm: LocalSlurm) throws {
      let text = try #require(EmbeddedFiles.recipe(named: "digits"))
        .replacing(/epochs: 15/, with: "epochs: \(epochs)")
        .replacing("schedule: cosine", with: "schedule: constant")
      try slurm.directory.write(Array(text.utf8), to: "\(name).yaml")
    }

    /// Shortens the recipe of a run that has stopped, to the end of the epoch after the present one.
    private static func write(recipe name: String, continuing run: String, on slurm: LocalSlurm)
      throws
    {
      let stepsPerEpoch = 23
      try write(recipe: name, epochs: slurm.metrics(of: run) / stepsPerEpoch + 2, on: slurm)
    }

    private static let endless = 1_000_000

    @Test("every job script runs to its end, and each way to train gives the same run")
    func everyJobScript() throws {
      let slurm = try LocalSlurm()
      let container = """
        #!/bin/sh
        # Stands in for apptainer exec [--bind=…] IMAGE: runs the command outside of a container.
        while [ "${2#--bind}" != "$2" ]; do shift; done
        shift 2 && exec "$@"
        """
      let file = try slurm.directory.write(Array(container.utf8), to: "bin/apptainer")
      try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: file)

      let short = ["--epochs", "2"]
      let train = try slurm.submit("train", ["train"] + short)
      var jobs = [
        train,
        try slurm.submit("train-mpirun", ["mpirun"] + short),
        try slurm.submit("preemptible", ["preemptible"] + short),
        try slurm.submit(
          "apptainer", ["apptainer"] + short,
          settings: ["image": "image.sif", "interface": LaunchError.slurmInterface]),
        try slurm.submit("debug", [], settings: ["steps": "2"]),
      ]
      let bench = try slurm.submit("bench", ["--quick"])
      let measurements = [
        "curvature": "(--samples 32)", "attack": "(--samples 32 --steps 2)",
        "bound": "(--measured 8)",
      ]
      let evaluate = try slurm.submit(
        "evaluate", ["train"], options: ["--dependency=afterok:\(train)"], settings: measurements)
      jobs += [bench, evaluate]
      for job in jobs {
        #expect(try slurm.states(atEndOf: job) == ["COMPLETED"], "\(slurm.log(of: job))")
      }
      let metrics = try slurm.directory.text("train/metrics.jsonl")
      #expect(metrics.contains(/"epoch": ?2/))
      for run in ["mpirun", "preemptible", "apptainer"] {
        #expect(try slurm.directory.text("\(run)/metrics.jsonl") == metrics, "\(run)")
      }
      #expect(slurm.log(of: bench).contains(/\n +1 +1 .* 100 %\n +2 +1 .* %\n$/))
      let table = slurm.log(of: evaluate)
      #expect(table.contains("E C_f") && table.contains("L2 0.05"), "\(table)")
      for command in ["curvature", "attack", "bound"] {
        #expect(try !slurm.directory.text("train/\(command).json").isEmpty)
      }
      // Nothing that is there is measured again.
      let again = try slurm.submit("evaluate", ["train"], settings: measurements)
      #expect(try slurm.states(atEndOf: again) == ["COMPLETED"])
      #expect(slurm.log(of: again).matches(of: /not measured again/).count == 3)
    }

    @Test("a preempted job writes a checkpoint, comes back and trains to its end")
    func preemption() throws {
      let slurm = try LocalSlurm()
      try Self.write(recipe: "recipe", epochs: Self.endless, on: slurm)
      let job = try slurm.submit("preemptible", ["run", "--recipe", "recipe.yaml"])
      try slurm.waitForMetrics(of: "run")
      let urgent = try slurm.run([
        "sbatch", "--parsable", "--partition=urgent", "--ntasks=2", "--output=urgent.out",
        "--wrap", "date",
      ]).outputLines[0]
      try slurm.wait(for: "requeue") { slurm.log(of: job).contains("Requeued") }
      try Self.write(recipe: "recipe", continuing: "run", on: slurm)
      #expect(try slurm.states(atEndOf: urgent) == ["COMPLETED"])
      #expect(try slurm.states(atEndOf: job) == ["COMPLETED"])
      let log = slurm.log(of: job)
      #expect(log.matches(of: /stopped by a signal after step/).count == 1, "\(log)")
      #expect(log.matches(of: /Job \d+, restart [01]/).count == 2, "\(log)")
      #expect(log.matches(of: /resumed after step/).count == 1, "\(log)")
    }

    @Test("a job whose node dies continues on the node that is left, to the same result")
    func lostNode() throws {
      let slurm = try LocalSlurm(nodes: 2, cores: 1)
      let options = ["--epochs", "20", "--reproducible", "--stall-timeout", "4"]
      let alone = try Program.run(
        ["train", "--run", "alone", "--threads", "1"] + options, in: slurm.directory)
      #expect(alone.status == 0, "\(alone)")
      let job = try slurm.submit(
        "preemptible", ["run"] + options, options: ["--nodes=2", "--ntasks-per-node=1"])
      try slurm.waitForMetrics(of: "run", lines: 25)
      try slurm.fail(node: "n2")
      #expect(try slurm.states(atEndOf: job) == ["COMPLETED"], "\(slurm.log(of: job))")
      #expect(slurm.log(of: job).contains("run run: 1 rank,"), "\(slurm.log(of: job))")
      for file in ["metrics.jsonl", "checkpoints/step-00000460/model.safetensors"] {
        #expect(
          try slurm.directory.data("run/\(file)") == slurm.directory.data("alone/\(file)"))
      }
    }

    @Test("of a sweep, only the task that is signalled comes back")
    func sweep() throws {
      let slurm = try LocalSlurm(cores: 4)
      for name in ["a", "c", "d"] { try Self.write(recipe: name, epochs: 1, on: slurm) }
      try Self.write(recipe: "b", epochs: Self.endless, on: slurm)
      let sweep = try slurm.submit(
        "sweep", ["runs"], options: ["--ntasks-per-node=1"],
        settings: [
          "recipes": "(a.yaml b.yaml c.yaml d.yaml)", "seeds": "(1)", "penalties": "(0)",
        ])
      let run = "runs/b-seed-1-lambda-0"
      try slurm.waitForMetrics(of: run)
      try slurm.endTime(of: "\(sweep)_1")
      try slurm.wait(for: "requeue") { slurm.log(of: "\(sweep)_1").contains("Requeued") }
      try Self.write(recipe: "b", continuing: run, on: slurm)
      #expect(
        try slurm.states(atEndOf: sweep) == Array(repeating: "COMPLETED", count: 4))
      for task in 0..<4 {
        let log = slurm.log(of: "\(sweep)_\(task)")
        #expect(log.matches(of: /Job \d+_\d, restart/).count == (task == 1 ? 2 : 1), "\(log)")
        #expect(log.contains("resumed after step") == (task == 1), "\(log)")
      }
      let runs = try FileManager.default.contentsOfDirectory(
        atPath: "\(slurm.directory.path)/runs")
      #expect(runs.sorted() == ["a", "b", "c", "d"].map { "\($0)-seed-1-lambda-0" })
    }

    @Test("a chain continues after a task whose time was up, and ends when training is complete")
    func chain() throws {
      let slurm = try LocalSlurm()
      try Self.write(recipe: "recipe", epochs: Self.endless, on: slurm)
      let chain = try slurm.submit(
        "chain", ["run", "--recipe", "recipe.yaml"], options: ["--array=1-3%1"])
      try slurm.waitForMetrics(of: "run")
      try slurm.run(["scontrol", "hold", chain])
      try slurm.endTime(of: "\(chain)_1")
      try slurm.wait(for: chain, while: "RUNNING|COMPLETING")
      try Self.write(recipe: "recipe", continuing: "run", on: slurm)
      try slurm.run(["scontrol", "release", "\(chain)_[2-3]"])
      let states = try slurm.states(atEndOf: chain)
      #expect(Set(states) == ["FAILED", "COMPLETED", "CANCELLED"], "\(states)")
      let log = slurm.log(of: "\(chain)_2")
      #expect(log.contains("resumed after step"), "\(slurm.log(of: "\(chain)_1")) \(log)")
      #expect(log.contains("the tasks that wait are cancelled"), "\(log)")
    }

    @Test(
      "a job that is cancelled leaves a checkpoint that loads, and is not queued again",
      arguments: ["preemptible", "train-mpirun"])
    func cancellation(script: String) throws {
      let slurm = try LocalSlurm()
      let options = ["run", "--epochs", "\(Self.endless)", "--checkpoint-every", "\(Self.endless)"]
      let job = try slurm.submit(script, options)
      try slurm.waitForMetrics(of: "run")
      try slurm.run(["scancel", job])
      #expect(try slurm.states(atEndOf: job) == ["CANCELLED"])
      #expect(!slurm.log(of: job).contains("Requeued"))
      let checkpoints = try FileManager.default.contentsOfDirectory(
        atPath: "\(slurm.directory.path)/run/checkpoints")
      #expect(checkpoints.contains { $0.contains(/step-0*[1-9]/) }, "\(checkpoints)")
      let outcome = try Program.run(["evaluate", "--model", "run"], in: slurm.directory)
      #expect(outcome.status == 0, "\(outcome)")
    }

    @Test("the data are copied to each node's disk by one task, and removed at the end")
    func staging() throws {
      let slurm = try LocalSlurm(nodes: 2, cores: 1)
      for split in ["train", "t10k"] {
        let images =
          [0, 0, 8, 3, 0, 0, 0, 4, 0, 0, 0, 8, 0, 0, 0, 8] + (0..<4 * 64).map { $0 % 251 }
        try slurm.directory.write(images.map(UInt8.init), to: "data/\(split)-images-idx3-ubyte")
        try slurm.directory.write(
          [0, 0, 8, 1, 0, 0, 0, 4, 0, 1, 2, 3], to: "data/\(split)-labels-idx1-ubyte")
      }
      let disk = "\(slurm.directory.path)/disk"
      let job = try slurm.submit(
        "train",
        ["run", "--data-set", "idx", "--data", "data", "--batch-size", "4"]
          + ["--epochs", "1", "--crop-padding", "0"],
        options: ["--nodes=2", "--ntasks-per-node=1"], settings: ["local_disk": disk])
      #expect(try slurm.states(atEndOf: job) == ["COMPLETED"], "\(slurm.log(of: job))")
      #expect(slurm.log(of: job).contains("2 ranks × 1 threads on n[1-2]"))
      let recipe = try slurm.directory.text("run/recipe.json")
      #expect(recipe.contains("\(disk)/lcnn-dist-\(job)"), "\(recipe)")
      #expect(try FileManager.default.contentsOfDirectory(atPath: disk).isEmpty)
    }
  }
}
