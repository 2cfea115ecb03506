import EmbeddedFiles
import Testing

@Suite struct EmbeddedFilesTests {
  @Test("the embedded recipes are found by name")
  func recipes() {
    let names = EmbeddedFiles.recipes.map(\.name)
    #expect(names.contains("digits"))
    #expect(Set(names).count == names.count)
    for (name, text) in EmbeddedFiles.recipes {
      #expect(EmbeddedFiles.recipe(named: name) == text)
      #expect(text.hasSuffix("\n"))
    }
    #expect(EmbeddedFiles.recipe(named: "no such recipe") == nil)
  }

  @Test("the digits are a gzip file")
  func digits() {
    #expect(Array(EmbeddedFiles.digits.prefix(2)) == [0x1f, 0x8b])
  }
}
