import Tensors
import Testing

@Suite struct ParameterTests {
  private func parameter(_ kind: Parameter.Kind = .weight) -> Parameter {
    Parameter(kind, name: "first", shape: [2, 3], layout: .unchanged([6]))
  }

  @Test("the first contribution of a step replaces, later ones add")
  func claims() {
    let parameter = parameter()
    let weights = GradientWeights(previous: 0, primal: 1, tangent: 3)
    for _ in 0..<2 {
      parameter.beginGradient()
      #expect(parameter.claim(weights) == weights)
      for _ in 0..<2 {
        #expect(
          parameter.claim(weights) == GradientWeights(previous: 1, primal: 1, tangent: 3))
      }
    }
  }

  @Test("the first contribution of a later slice is added to the previous gradient")
  func continued() {
    let parameter = parameter()
    parameter.beginGradient()
    #expect(parameter.claim(GradientWeights.loss.adding).previous == 1)
  }

  @Test("sharing counts uses and keeps their names in order")
  func sharing() {
    let parameter = parameter(.logBeta)
    #expect(parameter.uses == 1)
    parameter.share(as: "second")
    parameter.share(as: "third")
    #expect(parameter.uses == 3)
    #expect(parameter.names == ["first", "second", "third"])
  }

  @Test("layers read the value until an effective tensor is set")
  func effective() throws {
    let (tensors, arena) = try Arena.plan { arena in (0..<4).map { _ in arena.tensor([6]) } }
    let plain = parameter()
    plain.place(value: tensors[0], gradient: tensors[1], momentumBuffer: tensors[2])
    #expect(plain.effective.pointer == plain.value.pointer)
    #expect(plain.value.shape == [2, 3])
    let normalized = parameter()
    normalized.setEffective(tensors[3].reshaped([2, 3]))
    normalized.place(value: tensors[0], gradient: tensors[1], momentumBuffer: tensors[2])
    #expect(normalized.effective.pointer == tensors[3].pointer)
    withExtendedLifetime(arena) {}
  }
}
