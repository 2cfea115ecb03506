import Failures
import Foundation
import Surveys
import TestFiles
import Testing

@Suite struct SurveyStateFuzzTests {
  @Test("damaged states of attacks are read or refused")
  func states() throws {
    let directory = try TemporaryDirectory()
    let settings = [SurveyState.Setting("norm", "l2"), SurveyState.Setting("steps", "50")]
    let path = "\(directory.path)/state"
    try SurveyState(path, settings: settings).append([
      #"{"examples":[],"key":{"samples":[0,1]},"records":[]}"#
    ])
    let whole = try directory.bytes("state")
    for bytes in DamagedInputs(of: [whole]) {
      try directory.write(bytes, to: "state")
      do { _ = try SurveyState(path, settings: settings).lines } catch {
        #expect(error is any Failure, "\(error)")
      }
    }
  }
}
