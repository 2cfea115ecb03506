import Digests
import Files
import Foundation

/// SHA-256 of the files of a checkpoint, stored beside them as the program `sha256sum` writes it.
///
/// `cd CHECKPOINT && sha256sum -c SHA256SUMS` checks a checkpoint without this program.
struct CheckpointDigests: Equatable, Sendable {
  /// The files' digests in hexadecimal, by name.
  var digests: [String: String] = [:]

  init() {}

  /// Reads the digests of the checkpoint at `path`.
  init(of path: String) throws(CheckpointError) {
    let file = "\(path)/\(Checkpoint.digestsFile)"
    guard FileSystem.exists(file) else {
      digests = try Self.digestsInState(of: path)
      return
    }
    let text = String(decoding: try Checkpoint.contents(of: file), as: UTF8.self)
    for (index, line) in text.split(separator: "\n").enumerated() {
      guard let match = line.wholeMatch(of: /([0-9a-f]{64})  ([^\/]+)/) else {
        throw .damagedDigests(path: file, line: index + 1)
      }
      digests[String(match.2)] = String(match.1)
    }
    guard text == self.text else { throw .damagedDigests(path: file, line: digests.count) }
  }

  /// The file's contents, in the order of the names.
  var text: String {
    digests.sorted { $0.key < $1.key }.map { "\($0.value)  \($0.key)\n" }.joined()
  }

  /// Refuses the bytes of a file whose digest is another one.
  func check(_ bytes: [UInt8], of file: String, in path: String) throws(CheckpointError) {
    guard let expected = digests[file] else {
      throw .noDigest(path: "\(path)/\(Checkpoint.digestsFile)", file: file)
    }
    let found = bytes.withUnsafeBytes { SHA256Digest.hexadecimal(of: $0) }
    guard found == expected else {
      throw .wrongDigest(path: "\(path)/\(file)", found: found, expected: expected)
    }
  }

  /// The first version of a checkpoint had the digests of its tensors in `state.json`, and none of
  /// that file.
  private static func digestsInState(of path: String) throws(CheckpointError) -> [String: String] {
    struct State: Decodable { let sha256: [String: String]? }
    let bytes = try Checkpoint.contents(of: "\(path)/\(Checkpoint.stateFile)")
    var digests = (try? JSONDecoder().decode(State.self, from: Data(bytes)))?.sha256 ?? [:]
    if !digests.isEmpty {
      digests[Checkpoint.stateFile] = bytes.withUnsafeBytes { SHA256Digest.hexadecimal(of: $0) }
    }
    return digests
  }
}
