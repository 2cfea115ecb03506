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
    throw .unknownKey(place, key: name, nearest: nearest(to: name, among: keys.map(\.name)))
  }

  /// The candidate at the least edit distance, if at most a third of its letters differ.
  static func nearest(to name: String, among candidates: [String]) -> String? {
    let distances = candidates.map { (name: $0, distance: editDistance(name, $0)) }
    guard let best = distances.min(by: { $0.distance < $1.distance }),
      best.distance <= max(1, best.name.count / 3)
    else { return nil }
    return best.name
  }

  /// Levenshtein's: insertions, deletions and substitutions, case ignored.
  private static func editDistance(_ a: String, _ b: String) -> Int {
    let (a, b) = (Array(a.lowercased()), Array(b.lowercased()))
    var row = Array(0...b.count)
    for i in a.indices {
      var diagonal = row[0]
      row[0] = i + 1
      for j in b.indices {
        let substituted = diagonal + (a[i] == b[j] ? 0 : 1)
        diagonal = row[j + 1]
        row[j + 1] = min(substituted, row[j] + 1, diagonal + 1)
      }
    }
    return row[b.count]
  }
}
