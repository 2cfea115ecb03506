import Checkpoints
import Recipes

/// The keys whose values differ between what trained a run so far and what goes on with it.
package struct RecipeChange {
  private let trained: Recipe
  private let recipe: Recipe
  private let position: TrainingState
  private let stepsPerEpoch: Int

  package init(
    from trained: Recipe, to recipe: Recipe, position: TrainingState, stepsPerEpoch: Int
  ) {
    self.trained = trained
    self.recipe = recipe
    self.position = position
    self.stepsPerEpoch = stepsPerEpoch
  }

  /// Refuses keys that change the steps of the run or their order, and an end that is passed.
  func check() throws(TrainingError) {
    for key in ["data-set", "train-samples", "batch-size", "seed"] {
      guard let (before, now) = difference(of: key) else { continue }
      throw .changed(key: key, checkpoint: "\(before)", recipe: "\(now)")
    }
    let begun = position.epoch + (position.stepInEpoch > 0 ? 1 : 0)
    guard recipe.epochs >= begun else { throw .fewerEpochs(begun: begun, recipe: recipe.epochs) }
  }

  /// A line for each changed key, with the jump of the learning rate that the change causes.
  package var lines: [String] {
    let changes = Recipe.keys.map(\.name).compactMap { key in
      difference(of: key).map { "after step \(position.step): \(key) \($0) → \($1)" }
    }
    return changes + (rateJump.map { [$0] } ?? [])
  }

  private func difference(of key: String) -> (RecipeValue, RecipeValue)? {
    guard let before = trained.jsonObject[key], let now = recipe.jsonObject[key], before != now
    else { return nil }
    return (before, now)
  }

  private var rateJump: String? {
    guard position.step > 0, position.epoch < recipe.epochs else { return nil }
    let last =
      position.stepInEpoch > 0
      ? (epoch: position.epoch, step: position.stepInEpoch - 1)
      : (epoch: position.epoch - 1, step: stepsPerEpoch - 1)
    func rate(_ recipe: Recipe, _ epoch: Int, _ step: Int) -> Float {
      recipe.learningRates.rate(epoch: epoch, step: step, stepsPerEpoch: stepsPerEpoch)
    }
    let before = rate(trained, last.epoch, last.step)
    let planned =
      position.epoch < trained.epochs
      ? rate(trained, position.epoch, position.stepInEpoch) : before
    let next = rate(recipe, position.epoch, position.stepInEpoch)
    guard next != planned else { return nil }
    return "the learning rate goes from \(before) in step \(position.step) to \(next) in step "
      + "\(position.step + 1)"
  }
}
