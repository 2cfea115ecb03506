import Foundation

/// The targets of the package, and the modules that their files import.
struct ImportGraph {
  let targets: [Manifest.Target]
  /// For each target by its module's name: every module that it imports, with one of the files that do.
  ///
  /// A C file imports the target whose folder `include` holds a header that it includes.
  let imports: [String: [String: String]]

  static let package = Result { try ImportGraph(Manifest.dump()) }

  private init(_ manifest: Manifest) throws {
    targets = manifest.targets
    var headers: [String: String] = [:]
    for target in targets {
      for file in try target.files where file.hasPrefix("\(target.folder)/include/") {
        headers[(file as NSString).lastPathComponent] = target.module
      }
    }
    imports = Dictionary(
      uniqueKeysWithValues: try targets.map { ($0.module, try Self.imports(of: $0, headers)) })
  }

  private static func imports(
    of target: Manifest.Target, _ headers: [String: String]
  ) throws -> [String: String] {
    var found: [String: String] = [:]
    for file in try target.files {
      let text = try SourceTree.text(of: file)
      let modules =
        file.hasSuffix(".swift")
        ? SourceTree.imports(in: text)
        : Set(SourceTree.includes(in: text).compactMap { headers[$0] })
      for module in modules where module != target.module { found[module] = file }
    }
    return found
  }
}
