import Foundation
import Robustness

/// Findings of one attack stage on one slice, as a line of JSON in files and in messages between
/// ranks.
///
/// Numbers read back exactly.
struct AttackFindings: Codable {
  /// Identifies a slice in an attack.
  struct Key: Codable, Hashable {
    /// Index of the distance in the plan; nil for the unattacked images.
    let epsilon: Int?
    /// Index of the stage in the plan; nil for the unattacked images.
    let stage: Int?
    let samples: [Int]
  }

  let key: Key
  let records: [AttackRecord]
  /// Pixels of the broken samples by index in the slice, as little-endian floats in Base64; empty
  /// unless examples are kept.
  let examples: [Int: String]

  init(_ key: Key, _ records: [AttackRecord], examples: [Int: [Float]]) {
    self.key = key
    self.records = records
    self.examples = examples.mapValues {
      $0.withUnsafeBytes { Data($0).base64EncodedString() }
    }
  }

  init(line: some StringProtocol) throws {
    self = try JSONDecoder().decode(Self.self, from: Data(line.utf8))
  }

  func line() throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(self), as: UTF8.self)
  }

  /// Pixels of the example at index `place` of the slice; nil if it is not kept.
  func pixels(_ place: Int) -> [Float]? {
    examples[place].flatMap { Data(base64Encoded: $0) }.map { data in
      data.withUnsafeBytes { bytes in
        (0..<bytes.count / MemoryLayout<Float>.stride).map {
          bytes.loadUnaligned(fromByteOffset: $0 * MemoryLayout<Float>.stride, as: Float.self)
        }
      }
    }
  }
}
