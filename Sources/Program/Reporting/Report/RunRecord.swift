import Checkpoints
import Curvature
import Failures
import Files
import Foundation
import Recipes
import Robustness
import Training

/// Everything that a run's directory tells, for a report: what cannot be read is a problem in words.
struct RunRecord {
  let path: String
  /// Name of the run in legends: its directory's, made unique among the runs of a report.
  var label: String
  let recipe: Recipe?
  let metrics: MetricsHistory?
  let epochs: [EpochTiming]
  /// One element for each start of the run.
  let starts: [RunEnvironment]
  let curvature: CurvatureFile?
  let attack: AttackFile?
  let stability: StabilityFile?
  let bound: BoundFile?
  let landscape: LandscapeFile?
  /// Nil where the directory of checkpoints cannot be read.
  let freshness: RunFreshness?
  private(set) var problems: [String] = []

  /// - Throws: ``RunResultsError`` if the directory holds none of a run's files.
  init(_ path: String) throws {
    let known: [RunFile] = [.recipe, .metrics, .timings, .environment]
    guard known.contains(where: { FileSystem.exists($0.path(in: path)) }) else {
      throw RunResultsError.notARun(path: path)
    }
    self.path = path
    label = URL(fileURLWithPath: path).lastPathComponent
    var problems: [String] = []
    /// The value that `read` makes of a file; nil, with a problem, if that fails.
    func value<Value>(_ file: RunFile, _ read: (String, [UInt8]) throws -> Value) -> Value? {
      let source = file.path(in: path)
      do {
        guard let bytes = try RunResults.contents(of: source) else { return nil }
        return try read(source, bytes)
      } catch {
        problems.append("\(error)")
        return nil
      }
    }
    func document<Value: Decodable>(_ type: Value.Type, _ file: RunFile) -> Value? {
      value(file) { source, _ in try RunResults.decode(type, source) } ?? nil
    }
    recipe = value(.recipe) { try Recipe(yaml: String(decoding: $1, as: UTF8.self), source: $0) }
    let newest = (try? RunFreshness.newestCheckpoint(of: path)) ?? nil
    metrics = value(.metrics) { MetricsHistory($1, source: $0) }
    /// The lines of a file that can be read; of the others the first is a problem.
    func lines<Value: Decodable>(_ type: Value.Type, _ file: RunFile) -> [Value] {
      let found = value(file) { LineList<Value>($1, source: $0) }
      problems += found?.problems ?? []
      return found?.values ?? []
    }
    epochs = EpochTiming.latest(lines(EpochTiming.self, .timings))
    starts = lines(RunEnvironment.self, .environment)
    curvature = document(CurvatureFile.self, .curvature)
    attack = document(AttackFile.self, .attack)
    stability = document(StabilityFile.self, .stability)
    bound = document(BoundFile.self, .bound)
    landscape = document(LandscapeFile.self, .landscape)
    if recipe == nil, !FileSystem.exists(RunFile.recipe.path(in: path)) {
      problems.append("\(RunFile.recipe.path(in: path)): missing")
    }
    if metrics.map({ $0.steps.isEmpty && $0.epochs.isEmpty }) ?? true {
      problems.append(
        "\(RunFile.metrics.path(in: path)): no steps, so there are no learning curves of this run")
    }
    problems += metrics?.problems ?? []
    let lastStep = max(metrics?.lastStep ?? 0, metrics?.epochs.last?.step ?? 0)
    freshness = try? RunFreshness(
      path, newest: newest, lastStep: lastStep,
      measured: [
        (.curvature, curvature?.origin.sha256, curvature?.origin.step),
        (.attack, attack?.modelSHA256, attack?.modelStep),
        (.stability, stability?.origin.sha256, stability?.origin.step),
        (.bound, bound?.origin.sha256, bound?.origin.step),
        (.landscape, landscape?.origin.sha256, landscape?.origin.step),
      ])
    problems += freshness?.notes ?? []
    self.problems = problems
  }

  /// The training arm, as the paper names it.
  var arm: String {
    guard let recipe, let arm = try? recipe.nearestArm.arm else { return "unknown" }
    return arm.title
  }

  /// The data set's name; nil if the recipe cannot be read.
  var dataSet: String? { recipe?.dataSet.rawValue }

  /// The last accuracy on the test samples; nil where the metrics have lost lines, and it with them.
  var testAccuracy: Double? {
    guard freshness?.lostMetrics == nil else { return nil }
    return metrics?.epochs.compactMap { $0["test/accuracy"] }.last
  }
}

/// One epoch's line of `timings.jsonl`.
struct EpochTiming: Decodable {
  struct Rank: Decodable {
    let host: String
    let half: Double
    let most: Double

    private enum CodingKeys: String, CodingKey {
      case host
      case half = "own-p50"
      case most = "own-p95"
    }
  }

  let epoch: Int
  let imagesPerSecond: Double
  let compute: Double?
  let gradients: Double?
  let batchNorm: Double?
  let data: Double?
  let ranks: [Rank]?

  private enum CodingKeys: String, CodingKey {
    case epoch, ranks
    case imagesPerSecond = "images-per-second"
    case compute = "compute-p50"
    case gradients = "gradients-p50"
    case batchNorm = "batch-norm-p50"
    case data = "data-wait-p50"
  }

  /// The lines in the order of the epochs; of an epoch that a resumed run repeated, the last one.
  static func latest(_ lines: [EpochTiming]) -> [EpochTiming] {
    Dictionary(lines.map { ($0.epoch, $0) }, uniquingKeysWith: { $1 })
      .values.sorted { $0.epoch < $1.epoch }
  }
}

/// The lines of a file that are JSON of one kind; others, such as one that a power failure has cut
/// short, are left out.
private struct LineList<Value: Decodable> {
  private(set) var values: [Value] = []
  private(set) var problems: [String] = []

  /// - Parameter source: names the file in the problems.
  init(_ bytes: [UInt8], source: String) {
    var damaged: [Int] = []
    for (index, line) in bytes.split(separator: UInt8(ascii: "\n")).enumerated() {
      if let value = try? JSONDecoder().decode(Value.self, from: Data(line)) {
        values.append(value)
      } else {
        damaged.append(index + 1)
      }
    }
    guard let first = damaged.first else { return }
    problems = [
      "\(source):\(first): not a line of this file, or cut short; "
        + "\(damaged.count) such line\(damaged.count == 1 ? "" : "s") left out"
    ]
  }
}

/// JSON document that `stability --json` writes.
typealias StabilityFile = MeasurementFile<StabilityReport>

/// JSON document that `landscape --json` writes.
typealias LandscapeFile = MeasurementFile<LandscapeReport>

/// The parts of the document that `bound --json` writes that a report shows.
struct BoundFile: Decodable {
  struct Network: Decodable {
    struct Layer: Decodable {
      let name: String
      let kind: String
      let certifiedNorm: Double?
      let beta: Double?
      let gamma: Double?
      let surrogateTerm: Double?

      private enum CodingKeys: String, CodingKey {
        case name, kind, beta, gamma
        case certifiedNorm = "certified-norm"
        case surrogateTerm = "surrogate-term"
      }
    }

    let layers: [Layer]
  }

  let origin: ModelOriginMembers
  let network: Network
  let splits: [String: CertificationSummary]

  private enum CodingKeys: String, CodingKey { case network, splits }

  init(from decoder: any Decoder) throws {
    origin = try ModelOriginMembers(from: decoder)
    let members = try decoder.container(keyedBy: CodingKeys.self)
    network = try members.decode(Network.self, forKey: .network)
    splits = try members.decode([String: CertificationSummary].self, forKey: .splits)
  }
}
