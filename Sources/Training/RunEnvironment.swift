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
  /// Each rank's host.
  public var hosts: [String]
  /// SHA-256 of pixels and labels as they are used.
  public var trainData: String
  public var testData: String
  /// Steps that had been trained before.
  public var step: Int

  /// Every rank's host name, in rank order.
  ///
  /// Collective.
  static func hosts(of communicator: any Communicator) -> [String] {
    communicator.allGather(Array(ProcessInfo.processInfo.hostName.utf8))
      .map { String(decoding: $0, as: UTF8.self) }
  }

  func json() throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(self), as: UTF8.self)
  }
}
