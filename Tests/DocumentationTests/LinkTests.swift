import Foundation
import Testing

/// Links of the documents, of this repository only: nothing here asks the network.
@Suite struct LinkTests {
  @Test("every link and anchor leads somewhere", arguments: Repository.documents)
  func links(of document: MarkdownDocument) {
    for link in document.links {
      guard let problem = Self.problem(with: link.text, in: document) else { continue }
      Issue.record("\(document.path):\(link.line): link to \(link.text): \(problem)")
    }
  }

  @Test("the root page lists every page of the catalog")
  func everyPageIsListed() throws {
    let root = try #require(Repository.pages["lcnn-dist"])
    let listed = Set(root.links.map(\.text))
    for name in Repository.pages.keys where name != root.name {
      #expect(listed.contains("doc:\(name)"), "\(root.path) does not list \(name)")
    }
  }

  @Test("the code map names every folder of a wing")
  func codeMap() throws {
    let map = try #require(Repository.pages["CodeMap"])
    let named = Set(map.inlineCode.map(\.text))
    var folders: Set<String> = []
    for file in Repository.files {
      let parts = file.split(separator: "/").map(String.init)
      guard parts.count > 3, parts[0] == "Sources" else { continue }
      folders.insert(parts[1] == "Training" ? "Training" : parts[2])
    }
    #expect(
      folders.isSubset(of: named), "not in \(map.path): \(folders.subtracting(named).sorted())")
  }

  @Test("every path in code exists", arguments: Repository.documents)
  func paths(of document: MarkdownDocument) {
    // Changes names files under the paths that they had.
    if document.name == "Changes" { return }
    let blocks = document.codeBlocks.flatMap { block in
      block.lines.enumerated().map {
        MarkdownDocument.Piece(line: block.line + $0.offset, text: $0.element)
      }
    }
    for piece in document.inlineCode + blocks {
      for word in piece.text.split(whereSeparator: \.isWhitespace) {
        guard let path = Self.path(String(word)) else { continue }
        #expect(Repository.exists(path), "\(document.path):\(piece.line): no \(path)")
      }
    }
  }

  /// None if the link leads somewhere, or out of the repository.
  private static func problem(with link: String, in document: MarkdownDocument) -> String? {
    if link.hasPrefix("http://") || link.hasPrefix("https://") { return nil }
    let parts = link.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
    let target = String(parts[0])
    let anchor = parts.count > 1 ? String(parts[1]) : nil
    let linked: MarkdownDocument?
    if target.isEmpty {
      linked = document
    } else if target.hasPrefix("doc:") {
      guard let page = Repository.pages[String(target.dropFirst(4))] else {
        return "the catalog has no such page"
      }
      linked = page
    } else {
      let folder = URL(fileURLWithPath: "/\(document.path)").deletingLastPathComponent()
      let path = String(folder.appendingPathComponent(target).standardized.path.dropFirst())
      guard Repository.exists(path) else { return "no file \(path)" }
      linked = Repository.documents.first { $0.path == path }
    }
    guard let anchor else { return nil }
    guard let linked else { return "an anchor in a file that is no document" }
    return linked.hasAnchor(anchor) ? nil : "\(linked.path) has no heading for #\(anchor)"
  }

  private static let folders = ["Sources/", "Tests/", "launch/", "cluster/", ".github/", ".ci/"]

  /// The path of the repository that a word of code names; none if it names none, or stands for several.
  private static func path(_ word: String) -> String? {
    let path = word.trimmingPrefix("./").trimmingCharacters(
      in: CharacterSet(charactersIn: ".,;:()"))
    guard folders.contains(where: path.hasPrefix) else { return nil }
    return path.contains { "*…{<".contains($0) } ? nil : path
  }
}
