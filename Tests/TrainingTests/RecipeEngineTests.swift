import Kernels
import Recipes
import Testing
import Training

@Suite struct RecipeEngineTests {
  @Test("auto is float32 on every CPU, and the other precisions are those of their names")
  func precisions() {
    func product(_ precision: Recipe.TrainingPrecision) -> Precision {
      var recipe = Recipe()
      recipe.precision = precision
      return recipe.productPrecision
    }
    #expect(product(.auto) == .float32 && product(.fp32) == .float32)
    #expect(product(.bf16) == .bfloat16)
    #expect(product(.bf16x3) == .bfloat16x3)
    #expect(Recipe().decidedPrecision == .fp32)
  }
}
