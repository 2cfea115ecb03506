import Checkpoints
import Foundation
import Kernels
import MessagePassing
import Recipes

#if canImport(Glibc)
  import Glibc
#endif

/// One start of a run, its command, recipe, nodes and versions: a line of `environment.jsonl`.
///
/// A resumed run has a line for each start, so the lines are the run's history. None of it is in
/// the metrics.
public struct RunEnvironment: Codable, Sendable, Equatable {
  /// The versions of the program and its libraries.
  public struct Versions: Codable, Sendable, Equatable {
    public var program: String
    public var messagePassing: String
    public var blas: String

    public init(program: String, messagePassing: String, blas: String) {
      self.program = program
      self.messagePassing = messagePassing
      self.blas = blas
    }
  }

  /// The model file whose weights a run began with.
  public struct InitialModel: Codable, Sendable, Equatable {
    public var path: String
    /// SHA-256 of the model's names, shapes and values.
    public var sha256: String
  }

  public var versions: Versions
  /// Words of the command line; nil in older files, like the members below.
  public var command: [String]?
  /// Time of the start, as ISO 8601.
  public var time: String?
  /// Every recipe key with its value; what was trained after ``step``, until the next start.
  public var recipe: [String: RecipeValue]?
  /// Nil for a run that began with random weights.
  public var initial: InitialModel?
  /// The vector units of all ranks' kernels; nil in files of versions that did not record them.
  ///
  /// A string, so that files of versions with other vector units can be read.
  public var vectorUnits: String?
  /// The precision of convolutions in training, as a recipe names it; nil in older files.
  public var precision: String?
  /// Host name and number of threads of each process.
  public var hosts: [String]
  public var threads: [Int]
  /// SHA-256 of the pixels and labels in use.
  public var trainData: String
  public var testData: String
  /// Steps that had been trained before this start.
  public var step: Int

  package init(
    versions: Versions, vectorUnits: String?, precision: String?, hosts: [String], threads: [Int],
    trainData: String, testData: String, step: Int
  ) {
    self.versions = versions
    command = CommandLine.arguments
    time = Date().ISO8601Format()
    self.vectorUnits = vectorUnits
    self.precision = precision
    self.hosts = hosts
    self.threads = threads
    self.trainData = trainData
    self.testData = testData
    self.step = step
  }

  /// Host and threads of every process, in rank order.
  ///
  /// Collective.
  static func processes(
    of communicator: any Communicator
  ) -> [(host: String, threads: Int)] {
    let host = communicator.node.thread == 0 ? Array(ProcessInfo.processInfo.hostName.utf8) : []
    return communicator.allGather(host).reduce(into: []) { processes, host in
      if host.isEmpty {
        processes[processes.count - 1].threads += 1
      } else {
        processes.append((String(decoding: host, as: UTF8.self), 1))
      }
    }
  }

  /// The changes since an earlier start of the run that change bits, in words.
  package func differences(from before: RunEnvironment) -> [String] {
    let changes = [
      ("vector units", hasOtherKernels(than: before) ? (before.vectorUnits, vectorUnits) : nil),
      ("precision", (before.precision, precision)),
    ]
    return changes.compactMap { name, change in
      guard let change, let old = change.0, let new = change.1, old != new else { return nil }
      return "\(name): \(new), before it was \(old): no longer the bits of a run in one go"
    }
  }

  /// AMX differs from AVX-512 in products of bfloat16 only.
  private func hasOtherKernels(than before: RunEnvironment) -> Bool {
    let wide = [before, self].allSatisfy {
      $0.vectorUnits.flatMap { VectorUnits(rawValue: $0) }.map { $0 >= .avx512 } ?? false
    }
    return !(wide && precision == Recipe.TrainingPrecision.fp32.rawValue)
  }

  /// All starts of a run, oldest first.
  package static func starts(of directory: RunDirectory) throws -> [RunEnvironment] {
    let decoder = JSONDecoder()
    // A line that a power failure has cut short says nothing.
    return try directory.environmentLines().compactMap {
      try? decoder.decode(RunEnvironment.self, from: Data($0.utf8))
    }
  }

  /// The recipe of this start; nil where it is not recorded, or of another version with other keys.
  package var wholeRecipe: Recipe? {
    guard let recipe, let json = try? JSONEncoder().encode(recipe) else { return nil }
    return try? JSONDecoder().decode(Recipe.self, from: json)
  }

  func json() throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(self), as: UTF8.self)
  }
}
