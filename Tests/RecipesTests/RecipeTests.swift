import EmbeddedFiles
import Foundation
import Recipes
import Testing

/// A recipe that is refused, and how.
struct RefusedRecipe: CustomTestStringConvertible, Sendable {
  let yaml: String
  let message: String
  var testDescription: String { yaml.split(separator: "\n").joined(separator: " | ") }

  init(_ yaml: String, says message: String) {
    self.yaml = yaml
    self.message = message
  }

  static let keys = [
    RefusedRecipe(
      "epochs: 3\n\n# x\nbatchsize: 4\n",
      says: "my.yaml:4: unknown key \"batchsize\"; did you mean \"batch-size\"?"),
    RefusedRecipe("Epochs: 3", says: "my.yaml:1: unknown key \"Epochs\"; did you mean \"epochs\"?"),
    RefusedRecipe(
      "lr: 0.1", says: "my.yaml:1: unknown key \"lr\"; it is called learning-rate here"),
    RefusedRecipe(
      "num_workers: 4",
      says: "my.yaml:1: unknown key \"num_workers\"; there is none, since one thread of each rank "
        + "reads batches ahead"),
    RefusedRecipe("colour: red", says: "my.yaml:1: unknown key \"colour\""),
    RefusedRecipe(
      "seed: 1\nepochs: 3\nseed: 2",
      says: "my.yaml:1: key \"seed\" is given here and again further down, expected once"),
    RefusedRecipe("- epochs", says: "my.yaml:1: expected lines of the form \"key: value\""),
    RefusedRecipe("\nepochs", says: "my.yaml:2: expected lines of the form \"key: value\""),
    RefusedRecipe("seed: 1\n[a]: 1", says: "my.yaml:2: expected lines of the form \"key: value\""),
    RefusedRecipe(
      "seed: 1\nepochs: [1", says: "my.yaml:2: not YAML: did not find expected ',' or ']'"),
    RefusedRecipe(
      "seed: 1\nepochs: 'a", says: "my.yaml:2: not YAML: found unexpected end of stream"),
    RefusedRecipe(
      "seed: 1\n\tepochs: 2",
      says: "my.yaml:2: not YAML: found a tab character that violates indentation"),
  ]

  static let values = [
    RefusedRecipe(
      "seed: 1\nbatch-size: -3",
      says: "my.yaml:2: batch-size is -3, expected a whole number of at least 1 and below 2^31"),
    RefusedRecipe(
      "epochs: 2.5",
      says: "my.yaml:1: epochs is 2.5, expected a whole number of at least 1 and below 2^31"),
    RefusedRecipe(
      "epochs: null",
      says: "my.yaml:1: epochs is null, expected a whole number of at least 1 and below 2^31"),
    RefusedRecipe(
      "epochs: [1, 2]",
      says: "my.yaml:1: epochs is [1, 2], expected a whole number of at least 1 and below 2^31"),
    RefusedRecipe(
      "epochs: {a: 1}",
      says: "my.yaml:1: epochs is a mapping, expected a whole number of at least 1 and below 2^31"),
    RefusedRecipe(
      "beta-penalty: -1e-4",
      says: "my.yaml:1: beta-penalty is -1e-4, expected a number of at least 0, or null"),
    RefusedRecipe(
      "batch-size: 9223372036854775807",
      says: "my.yaml:1: batch-size is 9223372036854775807, "
        + "expected a whole number of at least 1 and below 2^31"),
    RefusedRecipe(
      "synthetic-classes: 65537",
      says: "my.yaml:1: synthetic-classes is 65537, expected a whole number from 2 to 65536"),
    RefusedRecipe(
      "softplus-beta: 1e-60", says: "my.yaml:1: softplus-beta is 1e-60, expected a number above 0"),
    RefusedRecipe(
      "bucket-megabytes: 1e30",
      says: "my.yaml:1: bucket-megabytes is 1e30, "
        + "expected a number above 0, at most 1000000, or null"),
    RefusedRecipe(
      "learning-rate: 0", says: "my.yaml:1: learning-rate is 0, expected a number above 0"),
    RefusedRecipe(
      "learning-rate: inf", says: "my.yaml:1: learning-rate is inf, expected a number above 0"),
    RefusedRecipe(
      "momentum: 1", says: "my.yaml:1: momentum is 1, expected a number from 0 to below 1"),
    RefusedRecipe(
      "milestones: [0.5, 1.5]",
      says:
        "my.yaml:1: milestones is [0.5, 1.5], expected a list, each a fraction of the epochs, from 0 to 1"
    ),
    RefusedRecipe(
      "milestones: 0.5",
      says:
        "my.yaml:1: milestones is 0.5, expected a list, each a fraction of the epochs, from 0 to 1"),
    RefusedRecipe(
      "layers: [64, N]",
      says: "my.yaml:1: layers is [64, N], expected a list, each a number of channels or M"),
    RefusedRecipe("flip: yes", says: "my.yaml:1: flip is yes, expected true or false"),
    RefusedRecipe("seed: -1", says: "my.yaml:1: seed is -1, expected a whole number below 2^64"),
    RefusedRecipe(
      "variant: lcn", says: "my.yaml:1: variant is lcn, expected one of lcnn, standard"),
    RefusedRecipe(
      "data-set: cifar",
      says:
        "my.yaml:1: data-set is cifar, expected one of digits, cifar10, cifar100, idx, synthetic"),
  ]

  static let rules = [
    RefusedRecipe(
      "architecture: resnet\nblocks: [1]",
      says: "my.yaml: architecture resnet needs widths (--widths)"),
    RefusedRecipe(
      "architecture: resnet\nwidths: [8, 8]\nblocks: [1]",
      says: "my.yaml: widths has 2 values and blocks 1, expected as many"),
    RefusedRecipe("architecture: vgg", says: "my.yaml: architecture vgg needs layers (--layers)"),
    RefusedRecipe(
      "stem: 16", says: "my.yaml: stem needs architecture resnet, but that is resnet18"),
    RefusedRecipe(
      "layers: [M]", says: "my.yaml: layers needs architecture vgg, but that is resnet18"),
    RefusedRecipe(
      "architecture: vgg\nlayers: [M]",
      says: "my.yaml: layers is [M], expected at least one convolution"),
    RefusedRecipe(
      "variant: standard\ngamma-penalty: 1e-5",
      says: "my.yaml: gamma-penalty needs batch-norm-constraint lipschitz, but that is none"),
    RefusedRecipe(
      "activation: gelu\nbeta-decay: 1e-3",
      says: "my.yaml: beta-decay needs activation trained-softplus, but that is gelu"),
    RefusedRecipe(
      "adversarial-norm: linf\nadversarial-epsilon: 8",
      says: "my.yaml: adversarial-epsilon is 8.0, expected at most the range of pixels, "
        + "which is 1 in the norm linf"),
    RefusedRecipe(
      "milestones: [0.9, 0.5]", says: "my.yaml: milestones is [0.9, 0.5], expected ascending values"
    ),
    RefusedRecipe(
      "epochs: 2\nwarmup-epochs: 2.5",
      says: "my.yaml: warmup-epochs is 2.5, expected at most epochs, which is 2"),
  ]
}

@Suite struct RecipeTests {
  @Test("every built-in recipe can be read", arguments: EmbeddedFiles.recipes.map(\.name))
  func builtIn(_ name: String) throws {
    let recipe = try Recipe.load(name)
    #expect(recipe.architecture.rawValue == "resnet" || name.contains(recipe.architecture.rawValue))
    #expect(name.contains("gradreg") == (recipe.gradientNormPenalty > 0))
    let isBaseline =
      !name.contains("lcnn") && ["standard", "gradreg"].contains { name.hasSuffix($0) }
    #expect((recipe.variant == .standard) == isBaseline)
  }

  @Test("names of other programs lead to keys that there are, and shadow none")
  func foreignNames() {
    let keys = Set(Recipe.keys.map(\.name))
    #expect(ForeignName.keys.subtracting(keys).isEmpty)
    for key in keys { #expect(ForeignName.meaning(of: key, as: .key) == nil, "\(key)") }
  }

  /// Aliases of aliases in keys: the parser would compare 9²⁰ nodes.
  private static let bomb = (1...20).map { level in
    "? &k\(level) ["
      + Array(repeating: level == 1 ? "x" : "*k\(level - 1)", count: 9).joined(separator: ",")
      + "]\n: 1\n"
  }.joined()

  @Test(
    "aliases of aliases are refused, whatever quotes or comments stand before them",
    .timeLimit(.minutes(1)),
    arguments: [
      "", "\"\\\"\": 1\n", "run: b 'c\n", "run: |\n  it's\n", "# it's\n", "a: \"#\"\n",
      "'''': 1\n", "\u{FEFF}", "run: x\u{85}",
    ])
  func aliases(prefix: String) {
    let words = refusal(of: prefix + Self.bomb)?.description ?? ""
    #expect(words.contains("aliases such as *name"), "\(words)")
  }

  @Test("nesting that would exhaust the stack is refused; signs within values are not")
  func nesting() throws {
    for open in ["[", "{", "{a: [", "- ", "? "] {
      for prefix in ["", "a: 'it''s'\n", "\"\\\"\": 1\n"] {
        let text = prefix + String(repeating: open, count: 100_000)
        let message = refusal(of: text)?.description ?? ""
        #expect(
          message.contains("more than 256 brackets") || message.contains("not YAML"),
          "\(open): \(message)")
      }
    }
    let path = "/data/R&D *all* & [more] 2*3*4*5*6*7"
    let recipe = try Recipe(yaml: "# [0, 1) * & it's\ndata: \(path)\n", source: "my.yaml")
    let json = String(decoding: try JSONEncoder().encode(recipe), as: UTF8.self)
    #expect(try Recipe(yaml: json, source: "my.json").jsonObject["data"] == .text(path))
  }

  private func refusal(of yaml: String) -> RecipeError? {
    do throws(RecipeError) {
      _ = try Recipe(yaml: yaml, source: "my.yaml")
      return nil
    } catch { return error }
  }

  @Test("there are the ten built-in recipes")
  func builtInCount() { #expect(EmbeddedFiles.recipes.count == 10) }

  @Test(
    "a bad recipe is refused with its line and what was expected",
    arguments: RefusedRecipe.keys + RefusedRecipe.values + RefusedRecipe.rules)
  func refused(_ refused: RefusedRecipe) {
    #expect(message { try Recipe(yaml: refused.yaml, source: "my.yaml") } == refused.message)
  }

  @Test("an unknown recipe names the nearest, or all")
  func unknownName() {
    #expect(
      message { try Recipe.load("digit") }
        == "digit: no such file or built-in recipe; did you mean \"digits\"?")
    let names = EmbeddedFiles.recipes.map(\.name).joined(separator: ", ")
    #expect(
      message { try Recipe.load("x") }
        == "x: no such file or built-in recipe; built in are \(names)")
    #expect(message { try Recipe.load("/") } == "/: cannot be read as UTF-8 text")
  }

  @Test("each key is in JSON, once, and JSON holds nothing else")
  func jsonKeys() throws {
    let names = Recipe.keys.map(\.name)
    #expect(Set(names).count == names.count)
    #expect(Set(Recipe().jsonObject.keys) == Set(names))
    #expect(names.count == Mirror(reflecting: RecipeKeys.declared).children.count)
  }

  @Test("a property is spelled as its key", arguments: Recipe.keys.map(\.name))
  func spelling(_ key: String) {
    let words = key.split(separator: "-")
    let property = words.dropFirst().reduce(String(words[0])) { $0 + $1.capitalized }
    #expect(Mirror(reflecting: RecipeKeys.declared).children.contains { $0.label == property })
  }

  @Test(
    "a recipe survives JSON, by decoding and as YAML", arguments: EmbeddedFiles.recipes.map(\.name))
  func json(_ name: String) throws {
    let recipe = try Recipe.load(name)
    let data = try JSONEncoder().encode(recipe)
    #expect(try JSONDecoder().decode(Recipe.self, from: data) == recipe.resolved)
    let text = String(decoding: data, as: UTF8.self)
    #expect(try Recipe(yaml: text, source: "recipe.json") == recipe.resolved)
  }

  @Test("a recipe.json with a foreign key is refused")
  func foreignJSON() {
    #expect(
      message { try JSONDecoder().decode(Recipe.self, from: Data(#"{"epoch": 1}"#.utf8)) }
        == "recipe.json: unknown key \"epoch\"; did you mean \"epochs\"?")
  }

  @Test("an empty recipe is the paper's")
  func defaults() throws {
    let recipe = try Recipe(yaml: "# nothing\n", source: "my.yaml")
    #expect(recipe == Recipe())
    #expect(recipe.resolved.betaPenalty == 1e-4)
    #expect(recipe.resolved.gammaPenalty == 1e-5)
    let standard = try Recipe(yaml: "variant: standard", source: "my.yaml").resolved
    #expect(standard.betaPenalty == 0)
    #expect(standard.gammaPenalty == 0)
  }

  @Test("a component that the variant implies is null in JSON, another one is kept")
  func components() throws {
    let yaml = "variant: standard\nspectral-norm: none\nactivation: gelu"
    let recipe = try Recipe(yaml: yaml, source: "my.yaml")
    #expect(recipe.jsonObject["spectral-norm"] == .null)
    #expect(recipe.jsonObject["activation"] == .text("gelu"))
    #expect(recipe.components == recipe.resolved.components)
    let plain = try Recipe(yaml: "batch-norm-constraint: none", source: "my.yaml").resolved
    #expect(plain.gammaPenalty == 0 && plain.betaPenalty == 1e-4)
  }

  @Test("a value that was set is not its default, and a copy keeps its own values")
  func values() throws {
    var recipe = Recipe()
    recipe.stem = 8
    recipe.flip = true
    let copy = recipe
    recipe.stem = nil
    #expect(recipe.stem == nil && copy.stem == 8)
    #expect(recipe != copy && recipe.flip && copy.flip)
    recipe.flip = false
    #expect(recipe == Recipe())
  }

  @Test("flags override a recipe, and are named as flags when refused")
  func overrides() throws {
    var recipe = try Recipe.load("digits")
    try recipe.set(key: "batch-size", text: "32")
    try recipe.set(key: "widths", text: "8,16,32")
    try recipe.set(key: "blocks", text: "[1, 2, 1]")
    try recipe.set(key: "beta-penalty", text: "0.5")
    try recipe.set(key: "gamma-penalty", text: "null")
    try recipe.set(key: "data", text: "a: b #c")
    try recipe.set(key: "milestones", text: "[]")
    try recipe.validate()
    #expect(recipe.batchSize == 32)
    #expect(recipe.widths == [8, 16, 32])
    #expect(recipe.blocks == [1, 2, 1])
    #expect(recipe.betaPenalty == 0.5)
    #expect(recipe.gammaPenalty == nil)
    #expect(try recipe.dataDirectory() == "a: b #c")
    #expect(recipe.milestones == [])
    #expect(
      override("batch-size", "-3")
        == "--batch-size is -3, expected a whole number of at least 1 and below 2^31")
    #expect(
      override("batchsize", "3") == "unknown key \"--batchsize\"; did you mean \"--batch-size\"?")
    #expect(
      override("widths", "8,,16")
        == "--widths is [8, , 16], expected a list, each a whole number from 1 to 65536")
  }

  @Test("a VGG's layers are read from YAML and flags alike")
  func layers() throws {
    let yaml = "architecture: vgg\nlayers: [64, M, 128]"
    var recipe = try Recipe(yaml: yaml, source: "my.yaml")
    let expected: [Recipe.VGGItem] = [
      .convolution(channels: 64), .pooling, .convolution(channels: 128),
    ]
    #expect(recipe.layers == expected)
    recipe.layers = []
    try recipe.set(key: "layers", text: "64, M, 128")
    #expect(recipe.layers == expected)
    #expect(recipe.jsonObject["layers"] == .list([.integer(64), .text("M"), .integer(128)]))
  }

  @Test("a data set on disk without a directory says which flag is missing")
  func noDirectory() {
    var recipe = Recipe()
    recipe.dataSet = .cifar10
    #expect(throws: RecipeError.missing(key: "data", because: "data-set cifar10")) {
      try recipe.dataDirectory()
    }
  }

  private func override(_ key: String, _ text: String) -> String {
    message {
      var recipe = Recipe()
      try recipe.set(key: key, text: text)
      return recipe
    }
  }

  private func message(_ body: () throws -> Recipe) -> String {
    do {
      _ = try body()
      return "no error"
    } catch { return "\(error)" }
  }
}
