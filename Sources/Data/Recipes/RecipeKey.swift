/// One key of a recipe: the same in YAML, in JSON, and as a flag.
public struct RecipeKey: Sendable {
  /// In kebab case; the flag is `--` and this.
  public let name: String
  /// The values it may take, as in "a whole number of at least 1".
  public let values: String
  /// One line for `--help`.
  public let help: String
  let form: RecipeForm
  private let read: @Sendable (RecipeValue, inout Recipe) -> Bool
  private let write: @Sendable (Recipe) -> RecipeValue

  init<Value>(
    _ name: String, _ path: WritableKeyPath<Recipe, Value> & Sendable,
    _ domain: RecipeDomain<Value>, _ help: String
  ) {
    self.name = name
    self.values = domain.expected
    self.help = help
    form = domain.form
    read = { text, recipe in
      guard let value = domain.read(text) else { return false }
      recipe[keyPath: path] = value
      return true
    }
    write = { domain.write($0[keyPath: path]) }
  }

  /// The value in `recipe`.
  public func value(in recipe: Recipe) -> RecipeValue { write(recipe) }

  /// The value of a recipe in which nothing is set.
  public var defaultValue: RecipeValue { write(Recipe()) }

  func set(_ value: RecipeValue, in recipe: inout Recipe, at place: RecipePlace) throws(RecipeError)
  {
    guard read(value, &recipe) else {
      throw .wrongValue(place, key: name, found: value.description, expected: values)
    }
  }
}

extension Recipe {
  /// The key of that name, or the error that names the nearest.
  static func key(_ name: String, at place: RecipePlace) throws(RecipeError) -> RecipeKey {
    if let key = keys.first(where: { $0.name == name }) { return key }
    throw .unknownKey(
      place, key: name, nearest: Spelling.nearest(to: name, among: keys.map(\.name)))
  }
}
