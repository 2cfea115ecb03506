import Checkpoints
import Recipes
import Testing
import Training

@Suite struct RecipeChangeTests {
  /// Texts among which each key finds a value that it allows and does not have.
  private static let texts = [
    "1", "2", "3", "0.25", "0.5", "8", "[0.25]", "[8]", "[8, M]", "path", "true", "false", "linf",
  ]

  @Test(
    "a change of any key is said, with its old and its new value",
    arguments: Recipe.keys.map(\.name))
  func everyKey(name: String) throws {
    let key = try #require(Recipe.keys.first { $0.name == name })
    var choices = Self.texts
    if case .choice(let names) = key.form { choices = names }
    let position = TrainingState(epoch: 2, step: 6, stepInEpoch: 0, seed: 1, rankCount: 1)
    var changes = 0
    for text in choices {
      let before = Recipe()
      var recipe = before
      guard (try? recipe.set(key: name, text: text)) != nil else { continue }
      guard let old = before.jsonObject[name], let new = recipe.jsonObject[name], old != new
      else { continue }
      changes += 1
      let lines = RecipeChange(
        from: before, to: recipe, position: position, stepsPerEpoch: 3
      ).lines
      #expect(lines.contains("after step 6: \(name) \(old) → \(new)"), "\(lines)")
    }
    #expect(changes > 0, "no other value of \(name)")
  }
}
