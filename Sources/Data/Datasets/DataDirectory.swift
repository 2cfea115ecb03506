import Files

/// The directory that holds a data set's files.
struct DataDirectory {
  let path: String
  private let kind: String
  private let meter: LoadingMeter
  /// Sizes of the files of the split, and of those that have been read.
  private let bytes: Int
  private var bytesRead = 0

  /// Finds the one directory among `root` and its `subdirectories` that holds any of `files`.
  ///
  /// Each element of `files` lists the possible names of one file, in order of preference. Errors
  /// call the files `kind`; recipes call the data set `dataset`.
  init(
    dataset: String, kind: String, root: String?, subdirectories: [String], files: [[String]],
    meter: LoadingMeter
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
    self.meter = meter
    bytes = files.reduce(0) { sum, names in
      let file = names.first { FileSystem.exists("\(first)/\($0)") }
      return sum + (file.flatMap { try? InputFile(reading: "\(first)/\($0)").byteCount } ?? 0)
    }
  }

  /// Path and content of the file that has one of `names`; a file that ends in .gz is expanded.
  ///
  /// - Parameter promised: the size of a file that its first bytes promise.
  mutating func read(
    _ names: [String], promised: ([UInt8]) -> Int? = { _ in nil }
  ) throws(DatasetError) -> (path: String, bytes: [UInt8]) {
    let paths = names.map { "\(path)/\($0)" }
    guard let file = paths.first(where: FileSystem.exists) else {
      throw .missing(names: names, directories: [path], kind: kind)
    }
    let contents = try contents(of: file)
    guard !contents.isEmpty else { throw .empty(path: file) }
    guard file.hasSuffix(".gz") else { return (file, contents) }
    let expanded = try Gzip.expand(contents, path: file, promised: promised) {
      meter.tell(.expanding, $0, of: contents.count)
    }
    return (file, expanded)
  }

  private mutating func contents(of file: String) throws(DatasetError) -> [UInt8] {
    do {
      let contents = try InputFile.contents(of: file) {
        meter.tell(.reading, bytesRead + $0, of: bytes)
      }
      bytesRead += contents.count
      return contents
    } catch {
      throw .file(error)
    }
  }
}
