extension Recipe: Codable {
  /// Every key with its value, penalties resolved: what `recipe.json` holds.
  public var jsonObject: [String: RecipeValue] {
    let recipe = resolved
    return Dictionary(uniqueKeysWithValues: Self.keys.map { ($0.name, $0.value(in: recipe)) })
  }

  public func encode(to encoder: any Encoder) throws { try jsonObject.encode(to: encoder) }

  public init(from decoder: any Decoder) throws {
    self.init()
    for (name, value) in try [String: RecipeValue](from: decoder) {
      try Self.key(name, at: .runDirectory).set(value, in: &self, at: .runDirectory)
    }
    try validate()
  }
}
