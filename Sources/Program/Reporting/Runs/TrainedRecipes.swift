import Recipes
import Training

/// The recipes that trained a run, one after another, from the run's history.
///
/// A start that trained nothing, or whose steps were trained again by a later start, does not count.
struct TrainedRecipes: Sendable {
  struct Segment: Sendable {
    /// Steps that were trained before this recipe.
    let step: Int
    let recipe: Recipe
  }

  let segments: [Segment]

  /// - Parameters:
  ///   - starts: all starts of the run, oldest first.
  ///   - written: the run's `recipe.json`, for runs whose history has no recipes.
  ///   - lastStep: the last step in the metrics.
  init(_ starts: [RunEnvironment], written: Recipe, lastStep: Int) {
    var segments: [Segment] = []
    for start in starts {
      guard let recipe = start.wholeRecipe else { continue }
      segments.removeAll { $0.step >= start.step }
      if segments.isEmpty && start.step > 0 { segments = [Segment(step: 0, recipe: written)] }
      if segments.last?.recipe.jsonObject != recipe.jsonObject {
        segments.append(Segment(step: start.step, recipe: recipe))
      }
    }
    while segments.count > 1, let last = segments.last, last.step >= lastStep {
      segments.removeLast()
    }
    self.segments = segments.isEmpty ? [Segment(step: 0, recipe: written)] : segments
  }

  /// The recipe of the run's beginning, and that of its end.
  var first: Recipe { segments[0].recipe }
  var last: Recipe { segments[segments.count - 1].recipe }

  /// Key that repetitions of one experiment share: equal values, from equal steps on.
  var experiment: [[String: RecipeValue]] {
    segments.enumerated().map { index, segment in
      var values = segment.recipe.jsonObject.filter { !Recipe.repetitionKeys.contains($0.key) }
      if index > 0 { values["step"] = .integer(UInt64(segment.step)) }
      return values
    }
  }

  /// The keys that were changed on the way, with their new values.
  var changes: [String] {
    zip(segments, segments.dropFirst()).flatMap { before, after in
      let (old, new) = (before.recipe.jsonObject, after.recipe.jsonObject)
      return Recipe.keys.map(\.name).filter { name in
        !Recipe.repetitionKeys.contains(name) && old[name] != new[name]
      }.map { "\($0) \(new[$0] ?? .null) after step \(after.step)" }
    }
  }
}
