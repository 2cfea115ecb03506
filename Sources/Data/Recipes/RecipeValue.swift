/// A value of a recipe, as written in YAML, in JSON or on the command line.
///
/// YAML and the command line give texts, which the key's ``RecipeDomain`` interprets. JSON is
/// written with typed values.
public enum RecipeValue: Equatable, Sendable {
  case null
  case boolean(Bool)
  case integer(UInt64)
  case number(Double)
  case text(String)
  case list([RecipeValue])

  /// Reads a flag's text: `null`, a list with or without brackets (`[16, 32]`, `16,32`), or a text.
  init(flag text: String, form: RecipeForm) {
    let trimmed = text.trimmingSpaces
    switch form {
    case _ where trimmed == "null": self = .null
    case .scalar, .choice, .path, .toggle: self = .text(trimmed)
    case .list:
      let bracketed = trimmed.hasPrefix("[") && trimmed.hasSuffix("]") && trimmed.count >= 2
      let items = bracketed ? trimmed.dropFirst().dropLast() : Substring(trimmed)
      self = .list(
        items.split(separator: ",", omittingEmptySubsequences: false)
          .map { .text(String($0).trimmingSpaces) }
          .filter { $0 != .text("") || items.contains(",") })
    }
  }

  /// Text of a scalar, as written in a recipe.
  var text: String? {
    switch self {
    case .null, .list: nil
    case .boolean(let value): String(value)
    case .integer(let value): String(value)
    case .number(let value): value.recipeText
    case .text(let value): value
    }
  }
}

/// Form of a key's values on the command line.
public enum RecipeForm: Sendable, Equatable {
  case scalar, list, path
  /// One of the given names.
  case choice([String])
  /// A Boolean: `--flip` and `--no-flip`.
  case toggle
}

extension RecipeValue: CustomStringConvertible {
  /// The value as it appears in messages and help texts.
  public var description: String {
    switch self {
    case .null: "null"
    case .text(let value): value
    case .list(let values): "[\(values.map(\.description).joined(separator: ", "))]"
    default: text ?? ""
    }
  }
}

extension RecipeValue: Codable {
  public init(from decoder: any Decoder) throws {
    // A failed try takes tens of microseconds, so the usual kinds come first.
    let value = try decoder.singleValueContainer()
    if value.decodeNil() {
      self = .null
    } else if let text = try? value.decode(String.self) {
      self = .text(text)
    } else if let integer = try? value.decode(UInt64.self) {
      self = .integer(integer)
    } else if let number = try? value.decode(Double.self) {
      self = .number(number)
    } else if let boolean = try? value.decode(Bool.self) {
      self = .boolean(boolean)
    } else {
      self = .list(try value.decode([RecipeValue].self))
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .null: try container.encodeNil()
    case .boolean(let value): try container.encode(value)
    case .integer(let value): try container.encode(value)
    case .number(let value): try container.encode(value)
    case .text(let value): try container.encode(value)
    case .list(let values): try container.encode(values)
    }
  }
}

extension String {
  fileprivate var trimmingSpaces: String {
    var rest = self[...]
    while rest.first == " " { rest = rest.dropFirst() }
    while rest.last == " " { rest = rest.dropLast() }
    return String(rest)
  }
}

extension Double {
  /// Decimal text of the number, without the `.0` of a whole number.
  fileprivate var recipeText: String {
    let text = String(self)
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }
}
