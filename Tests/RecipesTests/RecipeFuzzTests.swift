import EmbeddedFiles
import Foundation
import Recipes
import TestFiles
import Testing

@Suite struct RecipeFuzzTests {
  @Test("damaged recipes are read or refused, in YAML and JSON")
  func recipes() throws {
    let digits = try #require(EmbeddedFiles.recipe(named: "digits"))
    // Lists of lists of lists as keys, by aliases; and a key that would set a terminal's title.
    let bomb = zip("abcdefghi", "xabcdefgh").map { name, inner in
      let item = inner == "x" ? "x" : "*\(inner)"
      return "? &\(name) [\(Array(repeating: item, count: 9).joined(separator: ","))]\n: 1\n"
    }.joined()
    let escape = "\"\\e]0;title\\a\": 1\n"
    let json = try JSONEncoder().encode(Recipe(yaml: digits, source: "digits"))
    for bytes in DamagedInputs(
      of: [Array(digits.utf8), Array(json), Array(bomb.utf8), Array(escape.utf8)])
    {
      do throws(RecipeError) {
        _ = try Recipe(yaml: String(decoding: bytes, as: UTF8.self), source: "case")
      } catch { #expect(!error.description.isEmpty) }
    }
  }
}
