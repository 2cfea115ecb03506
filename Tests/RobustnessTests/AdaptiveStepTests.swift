import Robustness
import Testing

@Suite struct AdaptiveStepTests {
  @Test("the checkpoints of 100 iterations are those of the paper's recursion")
  func checkpoints() {
    // p: 0.22, +0.19, +0.16, +0.13, +0.10, +0.07, +0.06, +0.06.
    #expect(AdaptiveStep.checkpoints(iterations: 100) == [22, 41, 57, 70, 80, 87, 93, 99])
    #expect(AdaptiveStep.checkpoints(iterations: 10) == [3, 5, 6, 7, 8, 9, 10])
    #expect(AdaptiveStep.checkpoints(iterations: 1) == [1])
  }

  private func step() -> AdaptiveStep {
    AdaptiveStep(length: 2, checkpoints: [4, 8, 12], value: 0)
  }

  @Test("a step that raises the objective in three of four iterations is kept")
  func rising() {
    var step = step()
    for value in [1, 2, 3, 2.5] { #expect(step.advance(to: value) == .goOn) }
    #expect(step.length == 2 && step.best == 3)
  }

  @Test("one that raises it in two of four is halved, and the sample returns to its best point")
  func oscillating() {
    var step = step()
    for value in [1, 0.5, 2] { #expect(step.advance(to: value) == .goOn) }
    #expect(step.advance(to: 1.5) == .returnToBest)
    #expect(step.length == 1 && step.best == 2)
    // The next iteration is compared with the point it started from: 1.8 is no rise above 2.
    for value in [1.8, 1.9, 1.95] { #expect(step.advance(to: value) == .goOn) }
    #expect(
      step.advance(to: 1.96) == .goOn, "three of four rises, and halved at the checkpoint before")
  }

  @Test("one that rises often but never above the best value is halved")
  func stuck() {
    var step = step()
    for value in [1.0, 2, 3, 4] { _ = step.advance(to: value) }
    #expect(step.length == 2)
    for value in [1.0, 2, 3] { #expect(step.advance(to: value) == .goOn) }
    #expect(step.advance(to: 3.5) == .returnToBest)
    #expect(step.length == 1 && step.best == 4)
  }
}
