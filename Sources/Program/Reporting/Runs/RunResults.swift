import Checkpoints
import Failures
import Foundation
import Recipes

/// What a run and the measurements of it have left in its directory.
public struct RunResults: Sendable {
  public let path: String
  public let recipe: Recipe
  /// Epochs that are in the metrics.
  public let epochs: Int
  /// Share of hits on the test samples, 0 … 1, when they were last evaluated.
  public let testAccuracy: Double?
  /// Means over test samples.
  public let curvature: MeasuredCurvature?
  public let robustness: MeasuredRobustness?
  /// Files with measurements of an earlier state of the run.
  public let outdated: [String]

  /// - Throws: ``RunResultsError`` if there is no run, or one of its files is not what it should be.
  public init(_ path: String) throws {
    self.path = path
    let recipePath = RunFile.recipe.path(in: path)
    guard let recipe = try Self.contents(of: recipePath) else {
      throw RunResultsError.notARun(path: path)
    }
    self.recipe = try Recipe(yaml: String(decoding: recipe, as: UTF8.self), source: recipePath)
    let metrics = try Self.contents(of: RunFile.metrics.path(in: path)) ?? Data()
    // A line that a power failure has cut short does not count.
    let reports = String(decoding: metrics, as: UTF8.self).split(separator: "\n")
      .filter { $0.contains(EpochLine.mark) }
      .compactMap { try? JSONDecoder().decode(EpochLine.self, from: Data($0.utf8)) }
    epochs = reports.last?.epoch ?? 0
    testAccuracy = reports.compactMap(\.testAccuracy).last
    curvature = try Self.decode(CurvatureFile.self, RunFile.curvature.path(in: path))
      .flatMap { MeasuredCurvature($0) }
    robustness = try Self.decode(AttackFile.self, RunFile.attack.path(in: path))
      .flatMap { MeasuredRobustness($0) }
    outdated = [RunFile.curvature, .attack].map { $0.path(in: path) }.filter { file in
      guard let measured = Self.date(of: file),
        let trained = Self.date(of: RunFile.metrics.path(in: path))
      else { return false }
      return measured < trained
    }
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

  private static func contents(of path: String) throws -> Data? {
    guard FileManager.default.fileExists(atPath: path) else { return nil }
    guard let data = FileManager.default.contents(atPath: path) else {
      throw RunResultsError.unreadable(path: path, reason: "cannot be read")
    }
    return data
  }

  private static func decode<Value: Decodable>(_ type: Value.Type, _ path: String) throws -> Value?
  {
    guard let data = try contents(of: path) else { return nil }
    do { return try JSONDecoder().decode(type, from: data) } catch let error as DecodingError {
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

/// Why a directory is no row of a table.
public enum RunResultsError: Failure, Equatable {
  case notARun(path: String)
  case unreadable(path: String, reason: String)

  public var exitStatus: ExitStatus { .unusableInput }

  public var description: String {
    switch self {
    case .notARun(let path): "\(path): no run here, expected a directory with a recipe.json"
    case .unreadable(let path, let reason): "\(path): \(reason)"
    }
  }
}
