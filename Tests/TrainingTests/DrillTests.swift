import Testing
import Training

@Suite struct DrillTests {
  @Test("a drill is what its variable says, none without it")
  func drills() throws {
    #expect(try Drill(environment: [:]) == nil)
    #expect(
      try Drill(environment: [Drill.variable: "slow:rank=1,factor=1.5"])
        == .slow(rank: 1, factor: 1.5))
    #expect(
      try Drill(environment: [Drill.variable: "slow:factor=2,rank=0"])
        == .slow(rank: 0, factor: 2))
  }

  @Test(
    "a drill that does not exist is refused with what was found",
    arguments: [
      "", "slow", "slow:", "fast:rank=1,factor=2", "slow:rank=1", "slow:rank=-1,factor=2",
      "slow:rank=1,factor=0.5", "slow:rank=1,factor=nan", "slow:rank=1,factor=2,rank=1",
      "slow:rank=1,factor=2,for=3",
    ])
  func refused(text: String) {
    #expect {
      try Drill(environment: [Drill.variable: text])
    } throws: { error in
      "\(error)".hasPrefix("LCNN_DIST_DRILL=\(text): expected slow:rank=RANK,factor=FACTOR")
        && ExitStatus(error) == .usage
    }
  }
}
