import Failures
import Foundation
import Surveys
import TestFiles
import Testing

@Suite struct AttackStateFuzzTests {
  @Test("damaged states of attacks are read or refused")
  func states() throws {
    let directory = try TemporaryDirectory()
    let settings = [AttackState.Setting("norm", "l2"), AttackState.Setting("steps", "50")]
    let path = "\(directory.path)/state"
    try AttackState(path, settings: settings).append([
      #"{"examples":[],"key":{"samples":[0,1]},"records":[]}"#
    ])
    let whole = try directory.bytes("state")
    for bytes in DamagedInputs(of: [whole]) {
      try directory.write(bytes, to: "state")
      do { _ = try AttackState(path, settings: settings).lines } catch {
        #expect(error is any Failure, "\(error)")
      }
    }
  }
}
