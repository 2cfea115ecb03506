import Files

/// The directory that holds a data set's files.
struct DataDirectory {
  let path: String
  private let kind: String

  /// Finds the one directory among `root` and its `subdirectories` that holds any of `files`.
  ///
  /// Each element of `files` lists the possible names of one file, in order of preference. Errors
  /// call the files `kind`; recipes call the data set `dataset`.
  init(
    dataset: String, kind: String, root: String?, subdirectories: [String], files: [[String]]
  ) throws(DatasetError) {
    guard let root else { throw .noDirectory(dataset: dataset) }
    let candidates = [root] + subdirectories.map { "\(root)/\($0)" }
    let names = files.flatMap(\.self)
    let holding = candidates.filter { candidate in
      names.contains { FileSystem.exists("\(candidate)/\($0)") }
    }
    guard let first = holding.first else {
      throw .missing(names: files.first ?? [], directories: candidates, kind: kind)
    }
    guard holding.count == 1 else { throw .ambiguous(directories: holding) }
    path = first
    self.kind = kind
  }

  /// Path and content of the file that has one of `names`; a file that ends in .gz is expanded.
  ///
  /// - Parameter promised: the size of a file that its first bytes promise.
  func read(
    _ names: [String], promised: ([UInt8]) -> Int? = { _ in nil }
  ) throws(DatasetError) -> (path: String, bytes: [UInt8]) {
    let paths = names.map { "\(path)/\($0)" }
    guard let file = paths.first(where: FileSystem.exists) else {
      throw .missing(names: names, directories: [path], kind: kind)
    }
    let bytes = try Self.bytes(ofFile: file)
    guard !bytes.isEmpty else { throw .empty(path: file) }
    guard file.hasSuffix(".gz") else { return (file, bytes) }
    return (file, try Gzip.expand(bytes, path: file, promised: promised))
  }

  private static func bytes(ofFile path: String) throws(DatasetError) -> [UInt8] {
    do { return try InputFile.contents(of: path) } catch { throw .file(error) }
  }
}
