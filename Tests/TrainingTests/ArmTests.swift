import Checkpoints
import EmbeddedFiles
import InProcessRanks
import MessagePassing
import Networks
import Recipes
import Tensors
import TestSupport
import Testing
import Training

@Suite struct ArmTests {
  /// Every arm, and what can be combined of them.
  private static let cases: [(name: String, recipe: Recipe)] = {
    var cases = Arm.allCases.map { arm in
      (name: arm.rawValue, recipe: recipe(arm, []))
    }
    cases.append(
      (
        "everything, the attack as the paper's",
        recipe(
          .lcnnGradReg,
          [
            ("cure-penalty", "0.01"), ("adversarial-epsilon", "0.3"),
            ("adversarial-step", "0.2"), ("adversarial-attack", "paper"),
          ])
      ))
    cases.append(
      (
        "L∞, with CURE",
        recipe(.cure, [("adversarial-epsilon", "0.05"), ("adversarial-norm", "linf")])
      ))
    return cases
  }()

  private static func recipe(_ arm: Arm, _ keys: [(String, String)]) -> Recipe {
    var recipe = Recipe()
    do {
      try recipe.apply(arm)
      for (key, text) in keys { try recipe.set(key: key, text: text) }
    } catch { Issue.record("\(error)") }
    return recipe
  }

  /// Each rank's state after two steps in the reproducible order, samples in slices of their own.
  ///
  /// - Parameter spoilt: a pixel that is not a number in the second of these steps.
  private func train(
    _ recipe: Recipe, ranks: Int, steps: Int = 2, spoilt: Int? = nil
  ) throws -> [(state: StateDictionary, results: [TrainingStep.Result])] {
    try InProcessCommunicator.run(ranks: ranks) { communicator in
      let network: SmallNetwork =
        recipe.variant == .lcnn ? .resNetLowCurvature : .resNetStandard
      let architecture = try network.architecture()
      let model = try Model(
        architecture,
        ModelConfiguration(
          recipe.trainingPurpose, maximumSamples: 5, slices: Slices(samples: 1),
          sumOrder: .reproducible), communicator: communicator)
      model.initialize(seed: 5)
      let step = TrainingStep(
        model, objective: recipe.objective,
        curePenalty: try recipe.makeCUREPenalty(for: model),
        adversary: try recipe.adversary(for: model), optimizer: recipe.optimizer,
        communicator: communicator, bucketBytes: 400)
      let samples = RandomSamples(architecture, count: 5, seed: 6)
      let results = (0..<steps).map { number in
        if number == 1, let spoilt { samples.setPixel(spoilt, ofSample: 3, to: .nan) }
        return samples.withShare(rank: communicator.rank, of: communicator.size) {
          step.run($0, learningRate: 0.02)
        }
      }
      return (model.stateDictionary(), results)
    }
  }

  @Test(
    "an arm's steps are the same to the bit on one, two, three and seven ranks",
    arguments: cases.indices)
  func ranks(index: Int) throws {
    let recipe = Self.cases[index].recipe
    let alone = try train(recipe, ranks: 1)[0]
    #expect(alone.results.allSatisfy { $0.isApplied })
    #expect(
      (alone.results[0].gradientNormSquare > 0) == (recipe.trainingPurpose == .trainingWithPenalty))
    #expect((alone.results[0].gradientChangeSquare > 0) == (recipe.curePenalty > 0))
    for ranks in [2, 3, 7] {
      for (rank, outcome) in try train(recipe, ranks: ranks).enumerated() {
        #expect(
          outcome.state == alone.state && outcome.results == alone.results,
          "\(Self.cases[index].name), rank \(rank) of \(ranks)")
      }
    }
  }

  @Test(
    "a NaN in one rank's samples discards the step on all, whatever the arm",
    arguments: cases.indices)
  func nonFinite(index: Int) throws {
    let recipe = Self.cases[index].recipe
    let before = try train(recipe, ranks: 3, steps: 1)[0].state
    for (rank, outcome) in try train(recipe, ranks: 3, spoilt: 5).enumerated() {
      #expect(outcome.results.map(\.isApplied) == [true, false], "rank \(rank)")
      #expect(outcome.state == before, "rank \(rank)")
    }
  }

  @Test("no two arms take the same step")
  func distinct() throws {
    let states = try Self.cases.map { try train($0.recipe, ranks: 1)[0].state }
    for (index, state) in states.enumerated() {
      // Softplus and standard differ in β alone, which the small networks have fixed.
      let twins = states.indices.filter { $0 != index && states[$0] == state }
      let allowed = ["standard", "softplus"]
      #expect(
        twins.isEmpty || allowed.contains(Self.cases[index].name), "\(Self.cases[index].name)")
    }
  }

  @Test("the loss of a step is that of the adversarial examples", arguments: [true, false])
  func adversarialLoss(isStandard: Bool) throws {
    let attack = isStandard ? "standard" : "paper"
    let recipe = Self.recipe(
      .standard,
      [
        ("adversarial-epsilon", "2"), ("adversarial-step", "0.5"), ("adversarial-steps", "5"),
        ("adversarial-attack", attack),
      ])
    let plain = try train(Self.recipe(.standard, []), ranks: 1)[0].results[0]
    let attacked = try train(recipe, ranks: 1)[0].results[0]
    #expect(attacked.loss != plain.loss)
    // The weak attack leads away from the predictions, right or wrong.
    if isStandard { #expect(attacked.loss > plain.loss) }
  }

  @Test(
    "an arm makes any recipe its row, and touches neither network nor data",
    arguments: EmbeddedFiles.recipes.map(\.name), Arm.allCases)
  func apply(name: String, arm: Arm) throws {
    let before = try Recipe.load(name)
    var recipe = before
    recipe.curePenalty = 7
    recipe.adversarialSteps = 99
    try recipe.apply(arm)
    try recipe.validate()
    let (nearest, differences) = try recipe.nearestArm
    #expect(nearest == arm && differences.isEmpty)
    let untouched = Set(Recipe.keys.map(\.name)).subtracting(Arm.keys)
    for key in untouched { #expect(recipe.jsonObject[key] == before.jsonObject[key], "\(key)") }
  }

  @Test("a recipe is told by its nearest arm and what differs")
  func nearest() throws {
    var recipe = Self.recipe(.lcnn, [("gamma-penalty", "1e-3"), ("beta-penalty", "1e-3")])
    let sweep = try recipe.nearestArm
    #expect(sweep.arm == .lcnn)
    #expect(
      sweep.differences.map { "\($0.key) \($0.value)" } == [
        "beta-penalty 0.001", "gamma-penalty 0.001",
      ])
    recipe = Self.recipe(.adversarial, [("adversarial-epsilon", "0.5")])
    let stronger = try recipe.nearestArm
    #expect(
      stronger.arm == .adversarial && stronger.differences.map(\.key) == ["adversarial-epsilon"])
  }
}
