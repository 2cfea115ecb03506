import Failures
import MessagePassing
import Testing
import Training

@Suite struct FaultInjectionTests {
  @Test("a drill is read as it is written", arguments: FaultInjection.Fault.allCases)
  func parsed(fault: FaultInjection.Fault) throws {
    #expect(
      try FaultInjection(parsing: "\(fault):rank=1,step=3")
        == FaultInjection(fault, rank: 1, step: 3))
  }

  @Test(
    "anything else is refused with what was expected",
    arguments: [
      "", "sleep", "sleep:", "sleep:rank=1", "sleep:step=3,rank=1", "sleep:rank=-1,step=3",
      "sleep:rank=1,step=0", "sleep:rank=1,step=3 ", "SLEEP:rank=1,step=3",
      "sleep:rank=1,step=99999999999999999999",
    ])
  func malformed(text: String) {
    #expect(throws: FaultInjectionError.malformed(text)) { try FaultInjection(parsing: text) }
    #expect("\(FaultInjectionError.malformed(text))".contains("as in sleep:rank=1,step=3"))
  }

  @Test("an unknown fault is refused with those that there are")
  func unknown() {
    #expect(throws: FaultInjectionError.unknown("doze")) {
      try FaultInjection(parsing: "doze:rank=1,step=3")
    }
    #expect(
      "\(FaultInjectionError.unknown("doze"))".hasSuffix(
        "sleep, skip, raise, nan, flip, kill, segfault, trap, abort, slow"))
  }

  @Test("the environment may ask for none, or for one of a rank that exists")
  func environment() throws {
    #expect(try FaultInjection(environment: ["HOME": "/"], ranks: 2) == nil)
    let environment = [FaultInjection.variable: "nan:rank=2,step=1"]
    #expect(
      try FaultInjection(environment: environment, ranks: 3)
        == FaultInjection(.nan, rank: 2, step: 1))
    #expect(throws: FaultInjectionError.noSuchRank(2, ranks: 2)) {
      try FaultInjection(environment: environment, ranks: 2)
    }
    #expect(ExitStatus(FaultInjectionError.noSuchRank(2, ranks: 2)) == .usage)
  }

  @Test("the watchdog's exit code is the documented one")
  func exitCode() {
    #expect(ExitStatus.stalled.rawValue == Watchdog.exitCode)
  }
}
