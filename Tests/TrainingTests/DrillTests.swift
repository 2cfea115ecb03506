import Failures
import MessagePassing
import Testing
import Training

@Suite struct DrillTests {
  @Test("a drill is read as it is written", arguments: Drill.Fault.allCases)
  func parsed(fault: Drill.Fault) throws {
    #expect(try Drill(parsing: "\(fault):rank=1,step=3") == Drill(fault, rank: 1, step: 3))
  }

  @Test(
    "anything else is refused with what was expected",
    arguments: [
      "", "sleep", "sleep:", "sleep:rank=1", "sleep:step=3,rank=1", "sleep:rank=-1,step=3",
      "sleep:rank=1,step=0", "sleep:rank=1,step=3 ", "SLEEP:rank=1,step=3",
      "sleep:rank=1,step=99999999999999999999",
    ])
  func malformed(text: String) {
    #expect(throws: DrillError.malformed(text)) { try Drill(parsing: text) }
    #expect("\(DrillError.malformed(text))".contains("as in sleep:rank=1,step=3"))
  }

  @Test("an unknown fault is refused with those that there are")
  func unknown() {
    #expect(throws: DrillError.unknown("doze")) { try Drill(parsing: "doze:rank=1,step=3") }
    #expect("\(DrillError.unknown("doze"))".hasSuffix("sleep, skip, raise, nan, flip, kill, slow"))
  }

  @Test("the environment may ask for none, or for one of a rank that exists")
  func environment() throws {
    #expect(try Drill(environment: ["HOME": "/"], ranks: 2) == nil)
    let environment = [Drill.variable: "nan:rank=2,step=1"]
    #expect(try Drill(environment: environment, ranks: 3) == Drill(.nan, rank: 2, step: 1))
    #expect(throws: DrillError.noSuchRank(2, ranks: 2)) {
      try Drill(environment: environment, ranks: 2)
    }
    #expect(ExitStatus(DrillError.noSuchRank(2, ranks: 2)) == .usage)
  }

  @Test("the watchdog's exit code is the documented one")
  func exitCode() {
    #expect(ExitStatus.stalled.rawValue == Watchdog.exitCode)
  }
}
