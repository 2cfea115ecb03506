import Glibc

/// A file that is written once, at the end of a computation, and whose path is checked before it.
///
/// A regular file is replaced; a link stays, and the file that it leads to is replaced. A device or
/// a pipe, such as `/dev/stdout` or a process substitution, is opened at once and written through.
public struct ResultFile: Sendable {
  public let path: String
  private let destination: Destination

  private enum Destination: Sendable {
    case file(String)
    case stream(Stream)
  }

  /// Only the one rank that computes the results writes them.
  private final class Stream: @unchecked Sendable {
    let file: OutputFile

    init(_ file: OutputFile) { self.file = file }
  }

  /// Refuses a directory, and a path that cannot be written.
  public init(_ path: String) throws(FileError) {
    self.path = path
    if path.isEmpty { throw FileError("write", path, code: ENOENT) }
    if path.hasSuffix("/") || FileSystem.isDirectory(path) {
      throw FileError("write", path, code: EISDIR)
    }
    if Self.isStream(path) {
      destination = .stream(Stream(try OutputFile(stream: path)))
      return
    }
    let target = try Self.target(of: path)
    let directory = FileSystem.directory(of: target)
    _ = try FileSystem.check("write", path) { access(directory, W_OK) }
    guard FileSystem.isDirectory(directory) else {
      throw FileError("write", path, code: ENOTDIR)
    }
    destination = .file(target)
  }

  /// A file in a folder that is made if it is missing.
  public init(folder: String, _ name: String) throws(FileError) {
    try FileSystem.createDirectory(folder)
    try self.init("\(folder)/\(name)")
  }

  /// Writes the file, or replaces an old one, atomically.
  public func write(_ text: String) throws(FileError) { try write(Array(text.utf8)) }

  /// Writes the file, or replaces an old one, atomically.
  public func write(_ bytes: [UInt8]) throws(FileError) {
    switch destination {
    case .file(let path): try FileSystem.replace(path, by: bytes)
    case .stream(let stream): try stream.file.append(bytes)
    }
  }

  /// Whether `path` is an open file of this process, or no regular file.
  private static func isStream(_ path: String) -> Bool {
    if OutputFile.descriptor(of: path) != nil { return true }
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT != S_IFREG
  }

  /// The path without links; of a link to a file that is not there yet, that file's.
  private static func target(of path: String) throws(FileError) -> String {
    if let real = realpath(path, nil) {
      defer { free(real) }
      return String(cString: real)
    }
    var place = path
    for _ in 0..<longestChain {
      guard let link = FileSystem.linkTarget(of: place) else { return place }
      place = link.hasPrefix("/") ? link : "\(FileSystem.directory(of: place))/\(link)"
    }
    throw FileError("write", path, code: ELOOP)
  }

  /// Links in a row that the kernel follows (path_resolution(7)).
  private static let longestChain = 40
}
