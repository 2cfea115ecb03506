import Checkpoints
import Failures
import Files
import Foundation
import Recipes
import Training

/// Results in a run's directory: those of the training, and measurements of its model.
public struct RunResults: Sendable {
  public let path: String
  /// The recipes that trained the run.
  let trained: TrainedRecipes
  /// The last recipe that trained the run.
  public var recipe: Recipe { trained.last }
  /// Number of epochs in the metrics.
  public let epochs: Int
  /// Share of correct predictions at the last evaluation of the test samples, 0 … 1.
  public let testAccuracy: Double?
  public let curvature: CurvatureResult?
  public let robustness: RobustnessResult?
  let freshness: RunFreshness

  /// - Throws: ``RunResultsError`` or `RecipeError` if there is no run, or if one of its files
  ///   cannot be used.
  public init(_ path: String) throws {
    self.path = path
    let recipePath = RunFile.recipe.path(in: path)
    guard let recipe = try Self.contents(of: recipePath) else {
      throw RunResultsError.notARun(path: path)
    }
    let written = try Recipe(yaml: String(decoding: recipe, as: UTF8.self), source: recipePath)
    let newest = try RunFreshness.newestCheckpoint(of: path)
    let metrics = try Self.contents(of: RunFile.metrics.path(in: path)) ?? []
    // An incomplete last line, left by a power failure, is ignored.
    let reports = String(decoding: metrics, as: UTF8.self).split(separator: "\n")
      .filter { $0.contains(EpochLine.mark) }
      .compactMap { try? JSONDecoder().decode(EpochLine.self, from: Data($0.utf8)) }
    let lastStep = Self.lastStep(of: metrics)
    let directory = try RunDirectory(opening: path)
    trained = TrainedRecipes(
      try RunEnvironment.starts(of: directory), written: written, lastStep: lastStep)
    epochs = reports.last?.epoch ?? 0
    let curvatureFile = try Self.decode(CurvatureFile.self, RunFile.curvature.path(in: path))
    curvature = curvatureFile.flatMap { CurvatureResult($0) }
    let attackFile = try Self.decode(AttackFile.self, RunFile.attack.path(in: path))
    robustness = attackFile.flatMap { RobustnessResult($0) }
    freshness = try RunFreshness(
      path, newest: newest, lastStep: lastStep,
      measured: [
        (.curvature, curvatureFile?.origin.sha256, curvatureFile?.origin.step),
        (.attack, attackFile?.modelSHA256, attackFile?.modelStep),
      ])
    testAccuracy = freshness.lostMetrics == nil ? reports.compactMap(\.testAccuracy).last : nil
  }

  /// The step of the last whole line of metrics; 0 without one.
  private static func lastStep(of metrics: [UInt8]) -> Int {
    struct Line: Decodable { let step: Int }
    let lines = String(decoding: metrics, as: UTF8.self).split(separator: "\n")
    return lines.reversed().lazy
      .compactMap { try? JSONDecoder().decode(Line.self, from: Data($0.utf8)).step }.first ?? 0
  }

  /// Reads the results of all paths that are runs, and returns an error for each of the others.
  ///
  /// - Throws: an error if no path is a run, or if a measurement of a run is damaged.
  public static func read(
    _ paths: [String]
  ) throws -> (runs: [RunResults], skipped: [any Failure]) {
    var runs: [RunResults] = []
    var skipped: [any Failure] = []
    for path in paths {
      do { runs.append(try RunResults(path)) } catch let error as RunResultsError {
        guard case .notARun = error else { throw error }
        skipped.append(error)
      } catch let error as RecipeError {
        skipped.append(error)
      }
    }
    guard !runs.isEmpty else {
      throw skipped.count == 1 ? skipped[0] : RunResultsError.noRun(paths: paths)
    }
    return (runs, skipped)
  }

  /// A line of `metrics.jsonl` that ends an epoch.
  private struct EpochLine: Decodable {
    static let mark = "\"epoch/train-loss\""

    let epoch: Int
    let testAccuracy: Double?

    enum CodingKeys: String, CodingKey {
      case epoch
      case testAccuracy = "test/accuracy"
    }
  }

  /// Reads the file; nil if it does not exist.
  static func contents(of path: String) throws(RunResultsError) -> [UInt8]? {
    guard FileSystem.exists(path) else { return nil }
    do { return try InputFile.contents(of: path) } catch {
      throw .unreadable(path: path, reason: "cannot be read")
    }
  }

  static func decode<Value: Decodable>(
    _ type: Value.Type, _ path: String
  ) throws -> Value? {
    guard let bytes = try contents(of: path) else { return nil }
    do {
      return try JSONDecoder().decode(type, from: Data(bytes))
    } catch let error as DecodingError {
      throw RunResultsError.unreadable(path: path, reason: Self.words(for: error))
    }
  }

  private static func words(for error: DecodingError) -> String {
    func place(_ path: [any CodingKey]) -> String { path.map(\.stringValue).joined(separator: "/") }
    return switch error {
    case .keyNotFound(let key, let context): "expected \"\(place(context.codingPath + [key]))\""
    case .typeMismatch(let type, let context), .valueNotFound(let type, let context):
      "expected \"\(place(context.codingPath))\" to be a \(type)"
    default: "not JSON"
    }
  }
}

/// Reasons why a directory cannot be a row of a table.
public enum RunResultsError: Failure, Equatable {
  case notARun(path: String)
  case noRun(paths: [String])
  case unreadable(path: String, reason: String)

  public var exitStatus: ExitStatus { .unusableInput }

  public var description: String {
    switch self {
    case .notARun(let path): "\(path): no run here, expected a directory with a recipe.json"
    case .noRun(let paths):
      "no run in \(paths.joined(separator: ", ")): expected directories with a recipe.json"
    case .unreadable(let path, let reason): "\(path): \(reason)"
    }
  }
}
