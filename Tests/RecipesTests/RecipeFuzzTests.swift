import EmbeddedFiles
import Foundation
import Recipes
import TestFiles
import Testing

@Suite struct RecipeFuzzTests {
  @Test("damaged recipes are read or refused, in YAML and JSON")
  func recipes() throws {
    let digits = try #require(EmbeddedFiles.recipe(named: "digits"))
    let json = try JSONEncoder().encode(Recipe(yaml: digits, source: "digits"))
    for bytes in DamagedInputs(of: [Array(digits.utf8), Array(json)]) {
      do throws(RecipeError) {
        _ = try Recipe(yaml: String(decoding: bytes, as: UTF8.self), source: "case")
      } catch { #expect(!error.description.isEmpty) }
    }
  }
}
