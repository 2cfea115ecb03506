import Environment
import Failures
import Foundation
import Recipes
import Reporting
import Testing
import lcnn_dist

/// The tables of the reference pages, against the program that they come from.
@Suite struct GeneratedTableTests {
  private static let pages: [(page: String, table: ReferenceTable)] = [
    ("RecipeKeys", .recipeKeys), ("ExitCodes", .exitCodes), ("Commands", .commands),
    ("EnvironmentVariables", .environment), ("RunFiles", .runFiles), ("FileFormats", .fileFormats),
  ]

  @Test("a page's generated table is the one that the program prints", arguments: pages)
  func isCurrent(page: String, table: ReferenceTable) throws {
    let document = try #require(Repository.pages[page])
    let expected = try ReferenceCommand.text(of: table).components(separatedBy: "\n")
    let found = try #require(
      Self.lines(after: Self.mark(table), in: document),
      "\(document.path) has no part “\(Self.mark(table))” … “\(Self.end)”")
    let line = zip(found, expected).first { $0 != $1 }
    // The macro would print both tables whole.
    let isCurrent = found == expected
    #expect(
      isCurrent,
      """
      \(document.path) is not what “lcnn-dist reference \(table.rawValue)” prints; run \
      ./launch/docs --refresh. First difference: page “\(line?.0 ?? "")”, program “\(line?.1 ?? "")”
      """)
  }

  @Test("an experiment's table in a document is the one that its script prints")
  func experimentsAreCurrent() throws {
    var count = 0
    for document in Repository.documents {
      for line in document.lines {
        guard let match = line.wholeMatch(of: /<!-- generated: (launch\/.*) -->/) else { continue }
        let command = String(match.1)
        let expected = try Self.output(of: command).split(separator: "\n").map(String.init)
        let found = try #require(
          Self.lines(after: line, in: document), "\(document.path): no end after “\(line)”")
        let isCurrent = found == expected
        #expect(
          isCurrent,
          "\(document.path) is not what “\(command)” prints; run ./launch/docs --refresh")
        count += 1
      }
    }
    #expect(count >= 4, "README and the page of the paper's claims have such tables")
  }

  @Test("every table has a page")
  func everyTableHasAPage() {
    #expect(Set(Self.pages.map(\.table)) == Set(ReferenceTable.allCases))
  }

  @Test("the pages name every recipe key and every exit code")
  func coverage() throws {
    let keys = try #require(Repository.pages["RecipeKeys"]).lines
    for key in Recipe.keys {
      #expect(keys.contains { $0.hasPrefix("| `\(key.name)` |") }, "RecipeKeys: no \(key.name)")
    }
    let codes = try #require(Repository.pages["ExitCodes"]).lines
    for status in ExitStatus.allCases {
      #expect(
        codes.contains("| \(status.rawValue) | \(status.meaning) |"), "ExitCodes: no \(status)")
    }
  }

  @Test("the table of environment variables has every LCNN_ name in sources, tests and scripts")
  func environmentVariables() throws {
    let known = Set(EnvironmentVariable.allCases.map(\.rawValue))
    let script = /^(launch|cluster|\.ci)\/[^.]*$/
    for path in Repository.files {
      let isSource = [".swift", ".c", ".h", ".sh", ".sbatch"].contains { path.hasSuffix($0) }
      guard isSource || path.contains(script) else { continue }
      let found = try Repository.text(of: path).matches(of: /LCNN_[A-Z][A-Z_]*/).map { "\($0.0)" }
      let missing = Set(found).subtracting(known)
      #expect(missing.isEmpty, "\(path): EnvironmentVariable has no \(missing.sorted())")
    }
  }

  private static func mark(_ table: ReferenceTable) -> String {
    "<!-- generated: lcnn-dist reference \(table.rawValue) -->"
  }

  private static let end = "<!-- end -->"

  /// The lines between a mark and the end's, without the empty ones beside them.
  private static func lines(after mark: String, in document: MarkdownDocument) -> [String]? {
    guard let start = document.lines.firstIndex(of: mark),
      let end = document.lines[start...].firstIndex(of: end), end - start > 2
    else { return nil }
    return Array(document.lines[(start + 2)..<(end - 1)])
  }

  /// What a script of the repository prints.
  private static func output(of command: String) throws -> String {
    let process = Process()
    let pipe = Pipe()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = command.split(separator: " ").map(String.init)
    process.currentDirectoryURL = Repository.root
    process.standardOutput = pipe
    try process.run()
    let output = try pipe.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    try #require(process.terminationStatus == 0, "\(command): \(process.terminationStatus)")
    return String(decoding: output, as: UTF8.self)
  }
}
