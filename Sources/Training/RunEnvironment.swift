import Foundation
import Kernels
import MessagePassing

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
  public var vectorUnits: VectorUnits?
  /// Of the products of convolutions in training; nil likewise.
  public var precision: Precision?
  /// Each process's host, and how many ranks are threads of it.
  public var hosts: [String]
  public var threads: [Int]
  /// SHA-256 of pixels and labels as they are used.
  public var trainData: String
  public var testData: String
  /// Steps that had been trained before.
  public var step: Int

  /// Host and threads of every process, in rank order.
  ///
  /// Collective.
  static func processes(
    of communicator: any Communicator
  ) -> [(host: String, threads: Int)] {
    let host = communicator.thread == 0 ? Array(ProcessInfo.processInfo.hostName.utf8) : []
    return communicator.allGather(host).reduce(into: []) { processes, host in
      if host.isEmpty {
        processes[processes.count - 1].threads += 1
      } else {
        processes.append((String(decoding: host, as: UTF8.self), 1))
      }
    }
  }

  func json() throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(self), as: UTF8.self)
  }
}
