import ArgumentParser
import Recipes

/// A flag for every recipe key, generated from ``Recipe/keys``.
///
/// The parser finds the options of a type in its mirror, and asks a decoder for their values. This
/// type provides a mirror and a decoder with one option per key, instead of one property per key.
struct RecipeFlags: ParsableArguments, CustomReflectable {
  /// Flags on the command line, as written, in the order of the keys.
  private var given: [(key: String, text: String)] = []

  init() {}

  init(from decoder: any Decoder) throws {
    let options = try decoder.container(keyedBy: KeyName.self)
    for key in Recipe.keys {
      let name = KeyName(stringValue: key.name)
      let text =
        key.form == .toggle
        ? try options.decodeIfPresent(Bool.self, forKey: name).map { "\($0)" }
        : try options.decodeIfPresent(String.self, forKey: name)
      if let text { given.append((key.name, text)) }
    }
  }

  var customMirror: Mirror {
    Mirror(self, children: Recipe.keys.map { (label: $0.name, value: Self.option($0)) })
  }

  /// Returns the parser's definition of a key's flag.
  private static func option(_ key: any RecipeKey) -> Any {
    let standard = key.defaultValue == .null ? "" : "; default \(key.defaultValue)"
    let help = ArgumentHelp("\(key.help) (\(key.values)\(standard))", valueName: "value")
    if key.form == .toggle {
      return Flag<Bool?>(
        name: .customLong(key.name), inversion: .prefixedNo, exclusivity: .chooseLast, help: help)
    }
    let completion: CompletionKind? =
      switch key.form {
      case .choice(let names): .list(names)
      case .path: .directory
      case .scalar, .list, .toggle: nil
      }
    return Option<String?>(name: .customLong(key.name), help: help, completion: completion)
  }

  /// Sets the keys whose flags were given.
  func apply(to recipe: inout Recipe) throws(RecipeError) {
    for (key, text) in given { try recipe.set(key: key, text: text) }
  }

  /// Reads the recipe named `name` or at this path, then sets the keys of `arm` and the given
  /// flags.
  func resolved(from name: String, arm: Arm? = nil) throws -> Recipe {
    try resolved(try Recipe.load(name), arm: arm)
  }

  /// Sets the keys of `arm` and the given flags in a recipe.
  func resolved(_ recipe: Recipe, arm: Arm?) throws -> Recipe {
    var recipe = recipe
    if let arm { try recipe.apply(arm) }
    try apply(to: &recipe)
    try recipe.validate()
    return recipe
  }

  /// Name under which the parser stores a flag's value.
  private struct KeyName: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }

    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }
}
