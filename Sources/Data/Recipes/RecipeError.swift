import Failures

/// Place where a recipe value was written.
public enum RecipePlace: Equatable, Sendable {
  /// A line of a file or of a built-in recipe; lines are counted from 1.
  case line(Int, of: String)
  /// A flag on the command line.
  case flag
  /// The `recipe.json` of a run, whose decoder does not give line numbers.
  case runDirectory
}

/// Reasons why a recipe is refused.
public enum RecipeError: Failure, Equatable, Sendable {
  case notFound(name: String, builtIn: [String], nearest: String?)
  case unreadable(path: String, reason: String)
  case syntax(RecipePlace, problem: String)
  case notAMapping(RecipePlace)
  case unknownKey(RecipePlace, key: String, nearest: String?)
  case duplicateKey(RecipePlace, key: String)
  case wrongValue(RecipePlace, key: String, found: String, expected: String)
  /// `key` is required because another key has the value `because`.
  case missing(key: String, because: String)
  /// `key` is given but applies only with `needs`.
  case inapplicable(key: String, needs: String, found: String)
  case unequalCounts(key: String, count: Int, other: String, otherCount: Int)
  case exceeds(key: String, value: String, limitKey: String, limit: String)
  case notAscending(key: String, found: String)
  case noConvolution(key: String, found: String)
  /// A file breaks a rule between keys.
  indirect case rule(file: String, RecipeError)
}

extension RecipeError {
  public var exitStatus: ExitStatus { .usage }

  public var description: String {
    switch self {
    case .notFound(let name, let builtIn, let nearest):
      "\(name): no such file or built-in recipe"
        + (nearest.map { "; did you mean \"\($0)\"?" }
          ?? "; built in are \(builtIn.joined(separator: ", "))")
    case .unreadable(let path, let reason): "\(path): \(reason)"
    case .syntax(let place, let problem): "\(place.prefix)not YAML: \(problem)"
    case .notAMapping(let place): "\(place.prefix)expected lines of the form \"key: value\""
    case .unknownKey(let place, let key, let nearest):
      "\(place.prefix)unknown key \"\(place.name(key))\""
        + (ForeignName.meaning(of: key, as: place == .flag ? .flag : .key).map { "; \($0)" }
          ?? nearest.map { "; did you mean \"\(place.name($0))\"?" } ?? "")
    case .duplicateKey(let place, let key):
      "\(place.prefix)key \"\(key)\" is given here and again further down, expected once"
    case .wrongValue(let place, let key, let found, let expected):
      "\(place.prefix)\(place.name(key)) is \(found), expected \(expected)"
    case .missing(let key, let because): "\(because) needs \(key) (--\(key))"
    case .inapplicable(let key, let needs, let found): "\(key) needs \(needs), but that is \(found)"
    case .unequalCounts(let key, let count, let other, let otherCount):
      "\(key) has \(count) values and \(other) \(otherCount), expected as many"
    case .exceeds(let key, let value, let limitKey, let limit):
      "\(key) is \(value), expected at most \(limitKey), which is \(limit)"
    case .notAscending(let key, let found): "\(key) is \(found), expected ascending values"
    case .noConvolution(let key, let found):
      "\(key) is \(found), expected at least one convolution"
    case .rule(let file, let error): "\(file): \(error)"
    }
  }
}

extension RecipePlace {
  fileprivate var prefix: String {
    switch self {
    case .line(let line, let file): "\(file):\(line): "
    case .flag: ""
    case .runDirectory: "recipe.json: "
    }
  }

  fileprivate func name(_ key: String) -> String { self == .flag ? "--\(key)" : key }
}
