/// Domain of a key: its allowed values, and how they are read, written and described.
struct RecipeDomain<Value: Sendable>: Sendable {
  /// Text that follows "expected" in an error message.
  let expected: String
  let form: RecipeForm
  /// Reads a value; nil if it is not in the domain.
  let read: @Sendable (RecipeValue) -> Value?
  let write: @Sendable (Value) -> RecipeValue
}

extension RecipeDomain where Value == Int {
  static func count(from minimum: Int) -> RecipeDomain {
    count(in: minimum...Int(Int32.max), "a whole number of at least \(minimum) and below 2^31")
  }

  static func count(_ range: ClosedRange<Int>) -> RecipeDomain {
    count(in: range, "a whole number from \(range.lowerBound) to \(range.upperBound)")
  }

  /// Numbers are bounded so that their products do not overflow; too large ones fail to fit memory.
  private static func count(in range: ClosedRange<Int>, _ expected: String) -> RecipeDomain {
    RecipeDomain(
      expected: expected, form: .scalar,
      read: { value in value.text.flatMap { Int($0) }.flatMap { range.contains($0) ? $0 : nil } },
      write: { .integer(UInt64($0)) })
  }

  static var channels: RecipeDomain { count(1...65_536) }
}

extension RecipeDomain where Value == UInt64 {
  static var seed: RecipeDomain {
    RecipeDomain(
      expected: "a whole number below 2^64", form: .scalar,
      read: { value in value.text.flatMap { UInt64($0) } }, write: { .integer($0) })
  }
}

extension RecipeDomain where Value == Double {
  static var nonNegative: RecipeDomain { number("a number of at least 0") { $0 >= 0 } }
  static var positive: RecipeDomain { number("a number above 0") { Float($0) > 0 } }
  static var megabytes: RecipeDomain {
    number("a number above 0, at most 1000000") { Float($0) > 0 && $0 <= 1e6 }
  }
  static var fraction: RecipeDomain { number("a number from 0 to 1") { $0 >= 0 && $0 <= 1 } }
  static var fractionOfEpochs: RecipeDomain {
    number("a fraction of the epochs, from 0 to 1") { $0 >= 0 && $0 <= 1 }
  }
  static var belowOne: RecipeDomain { number("a number from 0 to below 1") { $0 >= 0 && $0 < 1 } }

  private static func number(
    _ expected: String, _ allows: @escaping @Sendable (Double) -> Bool
  ) -> RecipeDomain {
    RecipeDomain(
      expected: expected, form: .scalar,
      read: { value in
        // Numbers must be finite in Float, the precision of the engine.
        guard let number = value.text.flatMap({ Double($0) }), Float(number).isFinite,
          allows(number)
        else { return nil }
        return number
      },
      write: { .number($0) })
  }
}

extension RecipeDomain where Value == Bool {
  static var flag: RecipeDomain {
    RecipeDomain(
      expected: "true or false", form: .toggle,
      read: { value in value.text.flatMap { Bool($0) } }, write: { .boolean($0) })
  }
}

extension RecipeDomain where Value == String {
  static var path: RecipeDomain {
    RecipeDomain(
      expected: "a path", form: .path,
      read: { value in value.text.flatMap { $0.isEmpty ? nil : $0 } }, write: { .text($0) })
  }
}

extension RecipeDomain where Value == Recipe.VGGItem {
  static var vggItem: RecipeDomain {
    let count = RecipeDomain<Int>.channels
    return RecipeDomain(
      expected: "a number of channels or M", form: .scalar,
      read: { value in
        value.text == "M" ? .pooling : count.read(value).map { .convolution(channels: $0) }
      },
      write: { layer in
        switch layer {
        case .pooling: .text("M")
        case .convolution(let channels): count.write(channels)
        }
      })
  }
}

extension RecipeDomain where Value: RawRepresentable<String> & CaseIterable {
  static var choice: RecipeDomain {
    RecipeDomain(
      expected: "one of \(Value.allCases.map(\.rawValue).joined(separator: ", "))",
      form: .choice(Value.allCases.map(\.rawValue)),
      read: { value in value.text.flatMap { Value(rawValue: $0) } }, write: { .text($0.rawValue) })
  }
}

extension RecipeDomain {
  /// The values of `domain`, or null.
  static func optional<Wrapped>(_ domain: RecipeDomain<Wrapped>) -> RecipeDomain
  where Value == Wrapped? {
    RecipeDomain(
      expected: "\(domain.expected), or null", form: domain.form,
      read: { value in value == .null ? .some(nil) : domain.read(value).map { .some($0) } },
      write: { $0.map(domain.write) ?? .null })
  }

  /// Lists of values of `domain`, of any length.
  static func list<Element>(_ domain: RecipeDomain<Element>) -> RecipeDomain
  where Value == [Element] {
    RecipeDomain(
      expected: "a list, each \(domain.expected)", form: .list,
      read: { value in
        guard case .list(let items) = value else { return nil }
        let values = items.compactMap(domain.read)
        return values.count == items.count ? values : nil
      },
      write: { .list($0.map(domain.write)) })
  }
}
