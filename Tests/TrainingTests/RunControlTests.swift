import Checkpoints
import Foundation
import TestFiles
import Testing
import Training

@Suite struct RunControlTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  @Test("a save that failed is tried again after a time, and once, whatever the intervals are")
  func retry() throws {
    let run = try RunDirectory(opening: directory.path)
    let control = RunControl(
      run, environment: [:], minutes: nil, retryAfter: .milliseconds(100))
    #expect(control.request() == .none)
    control.beganToSave()
    control.failedToSave()
    #expect(control.request() == .none)
    usleep(150_000)
    #expect(control.request() == .save)
    control.beganToSave()
    #expect(control.request() == .none)
    try control.saved()
    usleep(150_000)
    #expect(control.request() == .none)
  }

  @Test("minutes without a checkpoint ask for one, not for another while it is written")
  func minutes() throws {
    let run = try RunDirectory(opening: directory.path)
    let control = RunControl(run, environment: [:], minutes: 0.05 / 60)
    #expect(control.request() == .none)
    usleep(80_000)
    #expect(control.request() == .save)
    control.beganToSave()
    usleep(80_000)
    #expect(control.request() == .none)
    try control.saved()
    #expect(control.request() == .save)
  }
}
