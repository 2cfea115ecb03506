import Kernels
import Testing

@Suite struct BLASCoreTypeTests {
  typealias Processor = BLASCoreType.Processor

  static let wide = Processor(vectors: .avx512, vendor: .amd)

  @Test(
    "a slow kernel set is replaced by the set for the CPU",
    arguments: [
      ("Prescott", wide, "SkylakeX"),
      ("Haswell", wide, "SkylakeX"),
      ("Zen", Processor(vectors: .avx512, vendor: .intel), "SkylakeX"),
      ("Nehalem", Processor(vectors: .avx2, vendor: .intel), "Haswell"),
      ("Barcelona", Processor(vectors: .avx2, vendor: .amd), "Zen"),
    ])
  func slow(core: String, processor: Processor, expected: String) {
    #expect(
      BLASCoreType.advice(core: core, processor: processor, environment: [:]) == expected)
  }

  @Test(
    "a set that suits the CPU is left alone",
    arguments: [
      ("SkylakeX", wide), ("Cooperlake", wide), ("SapphireRapids", wide),
      ("Haswell", Processor(vectors: .avx2, vendor: .amd)),
      ("Zen", Processor(vectors: .avx2, vendor: .intel)),
      ("Prescott", Processor(vectors: .portable, vendor: .intel)),
    ])
  func suitable(core: String, processor: Processor) {
    #expect(BLASCoreType.advice(core: core, processor: processor, environment: [:]) == nil)
  }

  @Test("the user's setting is respected, and this program's own setting is not")
  func environment() {
    func advice(_ environment: [String: String]) -> String? {
      BLASCoreType.advice(core: "Haswell", processor: Self.wide, environment: environment)
    }
    #expect(advice([BLASCoreType.coreTypeVariable: "Haswell"]) == nil)
    #expect(advice([BLASCoreType.coreTypeVariable: ""]) == "SkylakeX")
    let ours = [BLASCoreType.coreTypeVariable: "SkylakeX", BLASCoreType.guardVariable: "1"]
    #expect(advice(ours) == "SkylakeX")
  }

  @Test("an outcome tells the user what to set")
  func wording() {
    let outcome = BLASCoreType.Outcome.stillGeneric(core: "Prescott", advised: "SkylakeX")
    #expect(outcome.description.contains("OPENBLAS_CORETYPE=SkylakeX"))
  }
}
