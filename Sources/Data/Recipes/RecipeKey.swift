import Failures

/// A key of a recipe: one setting under one name in YAML, in JSON and on the command line.
public protocol RecipeKey: Sendable {
  /// Name in kebab case; the flag is `--` and the name.
  var name: String { get }
  var section: RecipeSection { get }
  /// Allowed values, as in "a whole number of at least 1".
  var values: String { get }
  /// Meaning of the key in one line.
  var help: String { get }
  var form: RecipeForm { get }
  /// Value of a recipe that does not set the key.
  var defaultValue: RecipeValue { get }

  func value(in recipe: Recipe) -> RecipeValue

  /// Sets the key in `recipe` to a value that was written at `place`.
  func set(
    _ value: RecipeValue, in recipe: inout Recipe, at place: RecipePlace) throws(RecipeError)
}

extension RecipeKey {
  /// Names of the key's flags, without dashes.
  public var flags: [String] { form == .toggle ? [name, "no-\(name)"] : [name] }
}

/// The part of an experiment that a key decides.
public enum RecipeSection: String, CaseIterable, Sendable {
  case data, network, optimization, execution
}

extension RecipeKeys {
  /// The declaration of a key whose values are of type `Value`.
  public struct Key<Value: Sendable>: RecipeKey {
    public let name: String
    public let section: RecipeSection
    public let help: String
    let standard: Value
    private let domain: RecipeDomain<Value>

    init(
      _ section: RecipeSection, _ name: String, _ domain: RecipeDomain<Value>,
      default standard: Value, _ help: String
    ) {
      self.section = section
      self.name = name
      self.domain = domain
      self.standard = standard
      self.help = help
    }

    public var values: String { domain.expected }
    public var form: RecipeForm { domain.form }
    public var defaultValue: RecipeValue { domain.write(standard) }

    public func value(in recipe: Recipe) -> RecipeValue { domain.write(recipe[self]) }

    public func set(
      _ value: RecipeValue, in recipe: inout Recipe, at place: RecipePlace
    ) throws(RecipeError) {
      guard let value = domain.read(value) else {
        throw .wrongValue(place, key: name, found: value.description, expected: values)
      }
      recipe[self] = value
    }
  }
}

extension Recipe {
  /// Every key, in the order of ``RecipeKeys``: the one list behind YAML, JSON, flags and help.
  public static let keys: [any RecipeKey] =
    Mirror(reflecting: RecipeKeys.declared).children.compactMap { $0.value as? any RecipeKey }

  /// Keys in which repetitions of one experiment may differ: the seed, the data's directory, and
  /// keys that change results by rounding only.
  public static let repetitionKeys =
    Set(keys.filter { $0.section == .execution }.map(\.name))
    .subtracting(["batch-norm", "max-steps"]).union(["seed", "data"])

  /// Returns the key named `name`, or throws an error that suggests the nearest name.
  static func key(_ name: String, at place: RecipePlace) throws(RecipeError) -> any RecipeKey {
    if let key = keys.first(where: { $0.name == name }) { return key }
    throw .unknownKey(
      place, key: name, nearest: Spelling.nearest(to: name, among: keys.map(\.name)))
  }
}
