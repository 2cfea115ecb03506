import Foundation
import Kernels
import MessagePassing
import Recipes

#if canImport(Glibc)
  import Glibc
#endif

/// Where and with what a run was started: a line of `environment.jsonl`.
///
/// One line per start, so that a resumed run tells of both machines; nothing of it is in the metrics.
public struct RunEnvironment: Codable, Sendable, Equatable {
  /// What the program knows of itself and its libraries.
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

  public var versions: Versions
  /// Those of all ranks' kernels; nil in the files of versions that did not record them.
  ///
  /// In words, so that a file of a version that knows others can be read.
  public var vectorUnits: String?
  /// Of convolutions in training, as a recipe names it; nil likewise.
  public var precision: String?
  /// Each process's host, and how many ranks are threads of it.
  public var hosts: [String]
  public var threads: [Int]
  /// SHA-256 of pixels and labels as they are used.
  public var trainData: String
  public var testData: String
  /// Steps that had been trained before.
  public var step: Int

  package init(
    versions: Versions, vectorUnits: String?, precision: String?, hosts: [String], threads: [Int],
    trainData: String, testData: String, step: Int
  ) {
    self.versions = versions
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

  /// What makes other bits than an earlier start of the run did, in words.
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

  func json() throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(self), as: UTF8.self)
  }
}
