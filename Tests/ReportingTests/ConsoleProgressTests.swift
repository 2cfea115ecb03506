import Foundation
import MessagePassing
import Reporting
import Surveys
import TestFiles
import Testing
import Training

/// What rank 0 prints while a run trains.
@Suite struct ConsoleProgressTests {
  /// Lines that `body` has printed.
  private func lines(
    _ style: ConsoleOptions.Style, plainInterval: Duration = .zero,
    _ body: (ConsoleProgress) -> Void
  ) throws -> [String] {
    let directory = try TemporaryDirectory()
    let file = try directory.newFile("output")
    body(
      ConsoleProgress(
        ConsoleOptions(style), on: file.fileDescriptor, plainInterval: plainInterval))
    try file.close()
    return try directory.text("output").split(separator: "\n").map(String.init)
  }

  private func step(_ number: Int) -> StepProgress {
    StepProgress(
      epoch: 2, epochs: 15, step: number - 1, stepsPerEpoch: 391, loss: 0.5, accuracy: 0.75,
      imagesPerSecond: 40, imagesPerSecondNow: 0.31, remainingInEpoch: 125, remaining: 5000,
      share: 0.25, times: StepTimes(), checkpointSeconds: 0)
  }

  private let epoch = EpochReport(
    epoch: 2, epochs: 15, step: 782, trainLoss: 0.5, trainAccuracy: 0.75, test: nil,
    geometry: NetworkGeometry(beta: 1.5...12.25, gamma: 0.5...2, surrogateBound: 1e9),
    imagesPerSecond: 0.31,
    times: EpochTimes(
      [StepTimes(data: 0.5, compute: 2, gradients: 0.25, batchNorm: 0.25)], hosts: ["a"],
      communicator: SoloCommunicator()))

  @Test("plain lines come within an epoch too, with the time that is left")
  func plain() throws {
    let lines = try lines(.plain) { progress in
      progress.step(step(7))
      progress.step(step(8))
    }
    #expect(lines.count == 2)
    #expect(lines[0].contains(/^\d{4}-\d\d-\d\dT\S+Z .*epoch 2\/15  step 7\/391  loss 0\.5000/))
    #expect(lines[0].hasSuffix("0.31 images/s  2:05 left in the epoch  1:23:20 in the run"))
  }

  @Test("plain lines come ten seconds after one another at least")
  func rate() throws {
    let lines = try lines(.plain, plainInterval: Console.usualPlainInterval) { progress in
      for number in 1...100 { progress.step(step(number)) }
    }
    #expect(lines.isEmpty && Console.usualPlainInterval == .seconds(10))
  }

  @Test("the line of an epoch fits a terminal, and tells more where there is room")
  func width() throws {
    let whole = try #require(try lines(.plain) { $0.epoch(epoch) }.last)
    #expect(whole.count > 120 && whole.contains("data 17 %"), "\(whole)")
    let fitted = try #require(try lines(.line) { $0.epoch(epoch) }.last)
    #expect(fitted.count <= 80 && fitted.contains("accuracy 75.00 %"), "\(fitted)")
  }

  @Test("another survey is shown at once, and the same one ten times a second at most")
  func surveys() throws {
    let text = try lines(.line) { progress in
      for name in ["reading", "checking"] {
        for done in 0..<100 {
          progress.survey(
            SurveyProgress(
              survey: name, stage: name, done: Double(done), total: 100, count: "\(done) of 100"))
        }
      }
    }.joined()
    #expect(text.contains("reading  0 %") && text.contains("checking  0 %"), "\(text)")
    #expect(text.components(separatedBy: "of 100").count - 1 < 10)
  }

  @Test(
    "a speed below one image per second is not 0",
    arguments: [
      (0, "0"), (0.0312, "0.031"), (0.31, "0.31"), (9.5, "9.5"), (42, "42"), (1234, "1234"),
    ])
  func speed(rate: Double, text: String) {
    #expect(ConsoleProgress.rate(rate) == text)
  }
}
