import Testing
import Training

@Suite struct LearningRateScheduleTests {
  @Test("the paper's schedule falls by ten at 75 % and 87.5 % of the epochs")
  func steps() {
    let schedule = LearningRateSchedule(
      base: 0.1, epochs: 200, warmup: 0,
      shape: .step, milestones: [0.75, 0.875], decay: 0.1)
    let rate = { schedule.rate(epoch: $0, step: $1, stepsPerEpoch: 391) }
    #expect(rate(0, 0) == 0.1)
    #expect(rate(149, 390) == 0.1)
    #expect(abs(rate(150, 0) - 0.01) < 1e-9)
    #expect(abs(rate(174, 390) - 0.01) < 1e-9)
    #expect(abs(rate(175, 0) - 0.001) < 1e-9)
    #expect(abs(rate(199, 390) - 0.001) < 1e-9)
  }

  @Test("a cosine runs from the base rate to nearly zero")
  func cosine() {
    let schedule = LearningRateSchedule(base: 0.2, epochs: 10, warmup: 0, shape: .cosine)
    #expect(schedule.rate(epoch: 0, step: 0, stepsPerEpoch: 4) == 0.2)
    #expect(abs(schedule.rate(epoch: 5, step: 0, stepsPerEpoch: 4) - 0.1) < 1e-7)
    #expect(schedule.rate(epoch: 9, step: 3, stepsPerEpoch: 4) < 0.001)
  }

  @Test("a warm-up grows linearly, is never zero, and ends at the base rate")
  func warmup() {
    let schedule = LearningRateSchedule(base: 1, epochs: 10, warmup: 2, shape: .constant)
    let rates = (0..<12).map { schedule.rate(epoch: $0 / 4, step: $0 % 4, stepsPerEpoch: 4) }
    for (step, rate) in rates.enumerated() {
      #expect(abs(rate - min(1, Float(step + 1) / 8)) < 1e-6, "step \(step): \(rate)")
    }
  }
}
