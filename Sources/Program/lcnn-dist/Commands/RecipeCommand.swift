import ArgumentParser
import EmbeddedFiles
import Recipes
import Reporting

struct RecipeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "recipe",
    abstract: "Print a built-in recipe, to be changed and given to train --recipe.")

  @Argument(
    help: "its name; without one, the names of all are printed",
    completion: .list(EmbeddedFiles.recipes.map(\.name)))
  var name: String?

  @Flag(help: "print what each training arm sets, for train --arm")
  var arms = false

  func validate() throws {
    if arms && name != nil { throw ValidationError("--arms stands alone") }
  }

  mutating func run() throws {
    if arms {
      print(ArmReport.text)
      return
    }
    guard let name else {
      for recipe in EmbeddedFiles.recipes { print(recipe.name) }
      return
    }
    guard let text = EmbeddedFiles.recipe(named: name) else {
      _ = try Recipe.load(name)
      throw ValidationError("\(name) is a file, not a built-in recipe")
    }
    print(text, terminator: "")
  }
}
