/// Names of other programs' options and keys, and what they are called here.
public enum ForeignName {
  /// The meaning of a name here, as it continues `--lr: `; nil for a name that is not known.
  ///
  /// - Parameter name: without dashes in front, with any of `-` and `_` between words.
  public static func meaning(of name: String, as style: Style) -> String? {
    guard let meaning = meanings[name.lowercased().replacing("_", with: "-")] else { return nil }
    switch meaning {
    case .key(let key): return "it is called \(style == .flag ? "--" : "")\(key) here"
    case .option(let option): return "it is called \(option) here"
    case .none(let reason): return "there is none, \(reason)"
    }
  }

  /// Where the name was written: a flag on the command line, or a key of a recipe.
  public enum Style: Sendable { case flag, key }

  private enum Meaning {
    case key(String)
    case option(String)
    case none(String)
  }

  private static let processor = Meaning.none(
    "since lcnn-dist computes on CPUs: mpirun -n gives ranks, --threads gives threads")
  private static let loader = Meaning.none("since one thread of each rank reads batches ahead")
  private static let ranks = Meaning.none("since mpirun -n, or srun -n, gives the number of ranks")

  private static let meanings: [String: Meaning] = [
    "lr": .key("learning-rate"), "learning-rate-init": .key("learning-rate"),
    "initial-lr": .key("learning-rate"), "eta": .key("learning-rate"),
    "bs": .key("batch-size"), "batch": .key("batch-size"), "b": .key("batch-size"),
    "train-batch-size": .key("batch-size"), "global-batch-size": .key("batch-size"),
    "wd": .key("weight-decay"), "l2": .key("weight-decay"), "mom": .key("momentum"),
    "max-epochs": .key("epochs"), "num-epochs": .key("epochs"), "n-epochs": .key("epochs"),
    "max-iter": .key("max-steps"), "max-iters": .key("max-steps"), "num-steps": .key("max-steps"),
    "iterations": .key("max-steps"), "lr-scheduler": .key("schedule"),
    "scheduler": .key("schedule"), "sched": .key("schedule"), "lr-milestones": .key("milestones"),
    "lr-steps": .key("milestones"), "gamma": .key("decay"), "lr-gamma": .key("decay"),
    "warmup": .key("warmup-epochs"), "warmup-steps": .key("warmup-epochs"),
    "dataset": .key("data-set"), "data-dir": .key("data"), "data-path": .key("data"),
    "dataroot": .key("data"), "data-root": .key("data"), "root": .key("data"),
    "arch": .key("architecture"), "network": .key("architecture"), "net": .key("architecture"),
    "random-seed": .key("seed"), "manual-seed": .key("seed"), "amp": .key("precision"),
    "fp16": .key("precision"), "bf16": .key("precision"), "dtype": .key("precision"),
    "deterministic": .key("reproducible"), "hflip": .key("flip"), "padding": .key("crop-padding"),
    "syncbn": .key("batch-norm"), "sync-bn": .key("batch-norm"),
    "config": .option("--recipe"), "cfg": .option("--recipe"), "conf": .option("--recipe"),
    "config-file": .option("--recipe"),
    "out": .option("--run"), "output": .option("--run"), "output-dir": .option("--run"),
    "save-dir": .option("--run"), "logdir": .option("--run"), "log-dir": .option("--run"),
    "exp-name": .option("--run"), "run-name": .option("--run"), "name": .option("--run"),
    "pretrained": .option("--initial"), "init-from": .option("--initial"),
    "checkpoint": .option("--resume --run"), "ckpt": .option("--resume --run"),
    "resume-from": .option("--resume --run"), "nthreads": .option("--threads"),
    "num-threads": .option("--threads"), "verbose": .option("--log-level debug"),
    "debug": .option("--log-level debug"),
    "device": processor, "gpu": processor, "gpus": processor, "cuda": processor,
    "accelerator": processor, "devices": processor, "num-gpus": processor,
    "num-workers": loader, "workers": loader, "j": loader, "pin-memory": loader,
    "prefetch-factor": loader,
    "nproc": ranks, "nproc-per-node": ranks, "world-size": ranks, "num-processes": ranks,
    "nnodes": ranks, "nodes": ranks, "np": ranks, "n": ranks, "local-rank": ranks, "rank": ranks,
    "backend": .none("since all communication is MPI's"),
    "opt": .none("since training is SGD with --momentum and --weight-decay"),
    "optimizer": .none("since training is SGD with --momentum and --weight-decay"),
    "optim": .none("since training is SGD with --momentum and --weight-decay"),
    "dropout": .none("since no network here has dropout"),
    "log-interval": .none("since every step has a line in metrics.jsonl"),
    "print-freq": .none("since every step has a line in metrics.jsonl"),
  ]

  /// The recipe keys that the table names, which must exist.
  package static var keys: Set<String> {
    Set(
      meanings.values.compactMap { meaning in
        if case .key(let key) = meaning { key } else { nil }
      })
  }
}
