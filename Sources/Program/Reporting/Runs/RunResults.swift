import Checkpoints
import Failures
import Files
import Foundation
import Recipes

/// Results in a run's directory: those of the training, and measurements of its model.
public struct RunResults: Sendable {
  public let path: String
  public let recipe: Recipe
  /// Number of epochs in the metrics.
  public let epochs: Int
  /// Share of correct predictions at the last evaluation of the test samples, 0 … 1.
  public let testAccuracy: Double?
  public let curvature: CurvatureResult?
  public let robustness: RobustnessResult?
  /// Names of files whose measurements are of an earlier state of the run.
  public let outdated: [String]

  /// - Throws: ``RunResultsError`` or `RecipeError` if there is no run, or if one of its files
  ///   cannot be used.
  public init(_ path: String) throws {
    self.path = path
    let recipePath = RunFile.recipe.path(in: path)
    guard let recipe = try Self.contents(of: recipePath) else {
      throw RunResultsError.notARun(path: path)
    }
    self.recipe = try Recipe(yaml: String(decoding: recipe, as: UTF8.self), source: recipePath)
    let metrics = try Self.contents(of: RunFile.metrics.path(in: path)) ?? []
    // An incomplete last line, left by a power failure, is ignored.
    let reports = String(decoding: metrics, as: UTF8.self).split(separator: "\n")
      .filter { $0.contains(EpochLine.mark) }
      .compactMap { try? JSONDecoder().decode(EpochLine.self, from: Data($0.utf8)) }
    epochs = reports.last?.epoch ?? 0
    testAccuracy = reports.compactMap(\.testAccuracy).last
    curvature = try Self.decode(CurvatureFile.self, RunFile.curvature.path(in: path))
      .flatMap { CurvatureResult($0) }
    robustness = try Self.decode(AttackFile.self, RunFile.attack.path(in: path))
      .flatMap { RobustnessResult($0) }
    outdated = [RunFile.curvature, .attack].map { $0.path(in: path) }.filter { file in
      guard let measured = Self.date(of: file),
        let trained = Self.date(of: RunFile.metrics.path(in: path))
      else { return false }
      return measured < trained
    }
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

  private static func date(of path: String) -> Date? {
    (try? FileManager.default.attributesOfItem(atPath: path))?[.modificationDate] as? Date
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
