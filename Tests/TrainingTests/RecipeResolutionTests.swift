import Kernels
import Recipes
import Testing
import Training

@Suite struct RecipeResolutionTests {
  @Test("auto is the exact precision for the vector units, and others are what they are called")
  func precisions() {
    func product(_ precision: Recipe.TrainingPrecision) -> Precision {
      var recipe = Recipe()
      recipe.precision = precision
      return recipe.productPrecision
    }
    let hasTiles = VectorUnits.current == .amx
    #expect(product(.auto) == (hasTiles ? .bfloat16x3 : .float32))
    #expect(product(.fp32) == .float32 && product(.bf16) == .bfloat16)
    #expect(product(.bf16x3) == .bfloat16x3)
    #expect(Recipe().decidedPrecision == (hasTiles ? .bf16x3 : .fp32))
  }
}
