/// A file or folder in a run's directory; the raw value is its name.
public enum RunFile: String, CaseIterable, Sendable {
  case recipe = "recipe.json"
  case metrics = "metrics.jsonl"
  case metricsTable = "metrics.csv"
  case rewoundMetrics = "metrics-rewound.jsonl"
  case timings = "timings.jsonl"
  case communication = "communication.json"
  case environment = "environment.jsonl"
  case watch
  case checkpoints
  case stop = "STOP"
  case save = "SAVE"
  case curvature = "curvature.json"
  case attack = "attack.json"
  case stability = "stability.json"
  case bound = "bound.json"
  case landscape = "landscape.json"
  case report = "report.html"
  case trace = "trace.json"
  case dump

  /// Whether it is a folder.
  public var isFolder: Bool { [.watch, .checkpoints, .dump].contains(self) }

  /// Description of the contents, for the documentation.
  public var contents: String {
    switch self {
    case .recipe: "every recipe key with its value"
    case .metrics:
      """
      one line per step (loss, accuracy, learning rate, penalty), one per epoch (training and test \
      loss and accuracy, ranges of β and γ, the paper's data-free surrogate bound) and one per \
      measurement of curvature; nothing in it depends on time or host names
      """
    case .metricsTable:
      """
      the lines of the metrics as rows of a table, with `metrics-table`: a cell is empty where a line \
      has no such member, and `nan` where its value is not finite
      """
    case .rewoundMetrics:
      "the lines of the metrics after a checkpoint from which the run was resumed; those steps were trained again"
    case .timings: "one line per epoch: seconds, images/s, and the parts of a step's time"
    case .communication:
      """
      the way in which gradients are reduced, for each number of ranks and threads: the measured \
      candidates and the choice
      """
    case .environment:
      """
      one line per start: versions, OpenBLAS kernels, vector units, precision, the host and the \
      number of threads of each process, SHA-256 of the data
      """
    case .watch:
      """
      the last collectives of each rank, if a hang was diagnosed or SIGUSR2 asked for them; on \
      several hosts also the messages between their watchdogs, removed at the end
      """
    case .checkpoints:
      """
      one folder per checkpoint, such as `step-00000391/`: `\(Checkpoint.modelFile)`, which carries \
      its recipe; `\(Checkpoint.optimizerFile)`; `\(Checkpoint.stateFile)` with position, seed and \
      the newest measurement of curvature; `\(Checkpoint.digestsFile)`, which `sha256sum -c` checks too
      """
    case .stop:
      "made by a user (`touch`): the run ends after a checkpoint, within a second or a step"
    case .save: "made by a user (`touch`): the run writes a checkpoint and goes on"
    case .curvature: "the file that `table` and `report` read, written by `curvature --json`"
    case .attack: "the file that `table` and `report` read, written by `attack --json`"
    case .stability: "the file that `report` reads, written by `stability --json`"
    case .bound: "the file that `report` reads, written by `bound --json`"
    case .landscape: "the file that `report` reads, written by `landscape --json`"
    case .report: "the page that `report` writes"
    case .trace: "the spans of all ranks' first steps, for Perfetto, with `train --trace`"
    case .dump: "each rank's part of one step, for `replay`, with `train --dump-batch`"
    }
  }
}

extension RunFile {
  /// Path of the file or folder in the run directory `run`.
  public func path(in run: String) -> String { "\(run)/\(rawValue)" }
}

extension RunDirectory {
  /// Path of a file or folder of the run.
  public func path(of file: RunFile) -> String { file.path(in: path) }
}
