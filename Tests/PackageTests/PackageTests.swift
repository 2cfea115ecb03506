import Foundation
import Testing

/// Holds `Package.swift` and the imports of all source files to the order of the wings.
@Suite struct PackageTests {
  /// The folders of `Sources`, from the bottom up.
  static let wings = [
    "System", "Base", "Distributed", "Data", "Engine", "Analysis", "Training", "Program",
  ]

  /// The Swift modules that may import each C module: its front, and the tests of the front.
  static let fronts = [
    "CBLAS": ["Kernels"], "CZlib": ["Datasets", "Images"], "CCrypto": ["Digests"],
    "CEmbedded": ["EmbeddedFiles"], "CMPI": ["MessagePassing"], "CMemoryFile": ["MessagePassing"],
    "CCrashReport": ["CrashReports"],
    "CKernels": ["Kernels", "KernelsTests"], "CPlainTiles": ["KernelsTests"],
    "CLAPACK": ["TestSupport"], "CAllocationCounter": ["TestSupport"],
  ]

  /// Targets without declarations, which others only link: flags of the system's MPI, and a constructor.
  static let linkedOnly: Set = ["MPILibrary", "CForcedVectorUnits"]

  static let largestFolder = 25

  @Test("a target declares the modules that its files import, and no other")
  func edges() throws {
    let graph = try ImportGraph.package.get()
    let known = Set(graph.targets.flatMap { [$0.module] + $0.declared })
    for target in graph.targets {
      let imported = graph.imports[target.module, default: [:]].filter { known.contains($0.key) }
      for (module, file) in imported where !target.declared.contains(module) {
        Issue.record("\(file) imports \(module), which \(target.name) does not declare")
      }
      for module in target.declared where imported[module] == nil {
        #expect(
          Self.linkedOnly.contains(module),
          "\(target.name) declares \(module), which none of its files imports")
      }
    }
  }

  @Test("targets stand in the order of the wings, and import only from targets before them")
  func order() throws {
    let graph = try ImportGraph.package.get()
    let targets = graph.targets
    let wings = try targets.filter { $0.folder.hasPrefix("Sources/") }.map { target in
      let wing = String(target.folder.split(separator: "/")[1])
      return try #require(
        Self.wings.firstIndex(of: wing), "\(target.name) lies in \(wing), which is no wing")
    }
    #expect(wings == wings.sorted(), "Package.swift lists the wings in another order")
    #expect(Set(wings).count == Self.wings.count)

    let places = Dictionary(
      uniqueKeysWithValues: targets.enumerated().map { ($0.element.module, $0.offset) })
    for (place, target) in targets.enumerated() {
      for (module, file) in graph.imports[target.module, default: [:]] {
        guard let other = places[module] else { continue }
        #expect(
          other < place,
          "\(file) imports \(module) of \(targets[other].folder), which comes after \(target.name)")
      }
    }
  }

  @Test("a C module is imported by its front alone")
  func fronts() throws {
    let graph = try ImportGraph.package.get()
    for target in graph.targets {
      let files = try target.files
      let isC = target.type == "system" || files.contains { $0.hasSuffix(".h") }
      // C includes C freely.
      for (module, file) in graph.imports[target.module, default: [:]] where !isC {
        guard let allowed = Self.fronts[module] else { continue }
        #expect(
          allowed.contains(target.name),
          "\(file) imports \(module), which only \(allowed.joined(separator: " and ")) may")
      }
      #expect(
        !isC || Self.fronts[target.name] != nil || Self.linkedOnly.contains(target.name),
        "\(target.name) is a C module without a front")
    }
  }

  @Test("a folder holds at most 25 source files")
  func folders() throws {
    let files = try ["Sources", "Tests"].flatMap { try SourceTree.files(in: $0) }
    let folders = Dictionary(grouping: files) { ($0 as NSString).deletingLastPathComponent }
    for (folder, files) in folders {
      #expect(files.count <= Self.largestFolder, "\(folder) holds \(files.count) source files")
    }
  }

  @Test("no write to a pipe, a closed stream or a full disk can trap")
  func writes() throws {
    // FileHandle's older methods raise an exception, which ends a Swift program, where the system fails.
    let trapping = #/\.(?:write\((?:Data\b|data\b)|readData\(|seek\(toFileOffset|closeFile\()/#
    for file in try SourceTree.files(in: "Sources") where file.hasSuffix(".swift") {
      for match in try SourceTree.text(of: file).matches(of: trapping) {
        Issue.record("\(file) calls \(match.output), which traps; write(contentsOf:) throws")
      }
    }
  }

  @Test("imports are found whatever attributes and kinds they have")
  func parsing() {
    let text = """
      import A
      @testable import B
      public import struct C.Inner
      #if canImport(D)
        @_spi(Inner) import D
      #endif
      // import E
      """
    #expect(SourceTree.imports(in: text) == ["A", "B", "C", "D"])
    #expect(SourceTree.includes(in: "#include <f.h>\n# include \"../g.h\"\n") == ["f.h", "../g.h"])
  }
}
