import Foundation
import Robustness

/// What one stage of an attack found of a slice: a line of JSON, on disk and between ranks.
///
/// Numbers read back exactly.
struct AttackFindings: Codable {
  /// Where in the whole a slice belongs.
  struct Key: Codable, Hashable {
    /// The distance's place in the plan; nil at the images.
    let epsilon: Int?
    /// The stage's place in the plan; nil at the images.
    let stage: Int?
    let samples: [Int]
  }

  let key: Key
  let records: [AttackRecord]
  /// Pixels of the broken samples, little-endian floats in Base64, by place in the slice; empty unless kept.
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

  /// The pixels of a kept example.
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
