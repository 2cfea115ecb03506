import MessagePassing
import Testing

@Suite struct DiagnosisTests {
  private static let limits = Diagnosis.Limits(period: .seconds(1), stall: .seconds(120))

  /// A rank: the collectives that it has made, and the one in which it waits.
  private final class Rank {
    let ledger = CollectiveLedger()
    private let communicator: LedgeredCommunicator
    private let copy: any Communicator
    /// Number of doubles of the allreduce in which the rank waits at the end.
    var waitsIn: (count: Int, stream: Int)?
    var stillFor = Duration.seconds(0)
    var silentFor = Duration.seconds(0)
    var isGone = false
    var condition = LedgerSnapshot.Condition.running

    init(step: Int = 12, _ activity: ProgramPoint.Activity = .forward) {
      communicator = LedgeredCommunicator(SoloCommunicator(), ledger: ledger)
      copy = communicator.duplicate()
      communicator.programPoint = ProgramPoint(step: step, activity)
    }

    func sums(_ counts: [Int], onCopy: Bool = false) {
      for count in counts {
        var values = [Double](repeating: 0, count: count)
        values.withUnsafeMutableBufferPointer { (onCopy ? copy : communicator).allreduce($0) }
      }
    }

    func at(_ point: ProgramPoint) { communicator.programPoint = point }

    func view(_ rank: Int) throws -> RankView {
      var words: [UInt64] = []
      let header = LedgerSnapshot.Header(
        job: 1, rank: rank, heartbeat: 1, condition: condition, stillFor: stillFor)
      if let (count, stream) = waitsIn {
        ledger.record(.allreduceDouble, count: count, stream: stream) {
          LedgerSnapshot.write(header, ledger, into: &words)
        }
      } else {
        LedgerSnapshot.write(header, ledger, into: &words)
      }
      return RankView(
        rank: rank, host: rank < 2 ? "a" : "b", process: Int32(100 + rank),
        snapshot: try #require(LedgerSnapshot(words)), stillFor: stillFor, silentFor: silentFor,
        isGone: isGone, isHeld: condition == .held)
    }
  }

  private func find(_ ranks: [Rank?]) throws -> String? {
    let views = try ranks.enumerated().map { try $1?.view($0) }
    return Diagnosis.find(in: views, Self.limits)?.description
  }

  /// Three ranks, of which the last sleeps before a sum in which the others wait.
  private func sleeper(
    for time: Duration, at point: ProgramPoint = ProgramPoint(step: 12, .backward)
  ) -> [Rank] {
    let ranks = (0..<3).map { _ in Rank() }
    for rank in ranks {
      rank.sums([33, 65])
      rank.stillFor = time
    }
    for rank in ranks.prefix(2) { rank.waitsIn = (129, 0) }
    ranks[2].at(point)
    return ranks
  }

  @Test("ranks that go on are left alone, wherever they are")
  func fine() throws {
    let ranks = [Rank(), Rank()]
    for rank in ranks { rank.sums([33, 65]) }
    #expect(try find(ranks) == nil)
    ranks[0].sums([129, 33])
    ranks[0].waitsIn = (7, 0)
    #expect(try find(ranks) == nil)
    ranks[0].stillFor = .seconds(500)
    #expect(try find(ranks) == nil, "rank 1 has just done something")
  }

  @Test("a rank that a debugger holds keeps no other one from waiting")
  func held() throws {
    let ranks = sleeper(for: .seconds(500))
    ranks[2].condition = .held
    ranks[2].silentFor = .seconds(500)
    #expect(try find(ranks) == nil)
  }

  @Test("a rank that has not come is named, with its host, its place and the time")
  func missing() throws {
    #expect(try find(sleeper(for: .seconds(119))) == nil)
    #expect(
      try find(sleeper(for: .seconds(120)))
        == "rank 2 (host b, process 102) has not entered collective 4 (allreduce of 129 doubles; step 12, forward, "
        + "batch norm 3), in which ranks 0 and 1 wait; it has been in “step 12, backward” for 120 s"
    )
  }

  @Test("reading data and writing checkpoints get ten times the time", arguments: [true, false])
  func patience(isPreparing: Bool) throws {
    let point = isPreparing ? ProgramPoint(.preparing) : ProgramPoint(step: 12, .checkpoint)
    #expect(try find(sleeper(for: .seconds(1199), at: point)) == nil)
    #expect(try find(sleeper(for: .seconds(1200), at: point)) != nil)
  }

  @Test("several missing ranks are named together")
  func severalMissing() throws {
    let ranks = sleeper(for: .seconds(130))
    ranks[1].waitsIn = nil
    let sentence = try #require(try find(ranks))
    #expect(sentence.hasPrefix("ranks 1 and 2 have not entered collective 4 "), "\(sentence)")
    #expect(
      sentence.contains("in which rank 0 waits: rank 1 (host a, process 101) has been in"),
      "\(sentence)")
  }

  @Test("a rank whose watchdog is silent is said to be")
  func silent() throws {
    let ranks = sleeper(for: .seconds(130))
    ranks[2].silentFor = .seconds(125)
    let sentence = try #require(try find(ranks))
    #expect(
      sentence.hasSuffix(
        "it has given no sign of life for 125 s and was last seen in “step 12, backward”"),
      "\(sentence)")
  }

  @Test(
    "a process that exited without finalizing MPI is named at once, one that finalized it is not")
  func gone() throws {
    let ranks = sleeper(for: .seconds(6))
    ranks[2].isGone = true
    #expect(try find(ranks) == nil, "it may have published just now")
    ranks[2].silentFor = .seconds(6)
    #expect(
      try find(ranks)
        == "rank 2 (host b, process 102) exited without finalizing MPI; it was last seen in "
        + "step 12, backward")
    ranks[2].condition = .finished
    #expect(try find(ranks) == nil)
  }

  @Test("different sums are found at once, and both are named")
  func mismatch() throws {
    let ranks = [Rank(), Rank()]
    ranks[0].sums([33, 65, 7])
    ranks[1].sums([33, 66, 7])
    ranks[1].sums([1, 1])
    #expect(
      try find(ranks)
        == "ranks make different collectives: collective 3 is an allreduce of 65 doubles on rank 0 (host a) "
        + "in “step 12, forward, batch norm 2”, but an allreduce of 66 doubles on rank 1 (host a) in "
        + "“step 12, forward, batch norm 2”")
  }

  @Test("equal sums at different places of the program are different collectives")
  func otherPlace() throws {
    let ranks = [Rank(), Rank(step: 13)]
    for rank in ranks { rank.sums([33]) }
    #expect(try find(ranks)?.contains("“step 13, forward, batch norm 1”") == true)
  }

  @Test(
    "a difference that no ledger holds any more is still found", arguments: [600, 5000, 60_000])
  func oldMismatch(sums: Int) throws {
    let ranks = [Rank(), Rank()]
    ranks[0].sums([1])
    ranks[1].sums([2])
    ranks[0].sums(Array(repeating: 3, count: sums))
    // Its ring has nothing in common with that of rank 0, whose snapshot is older.
    ranks[1].sums(Array(repeating: 3, count: sums > 4096 ? sums - 700 : sums))
    let sentence = try find(ranks)
    #expect(sentence?.hasPrefix("ranks have made different collectives, longer ago ") == true)
  }

  @Test("ranks that wait for one another on two communicators are named with both collectives")
  func crossed() throws {
    let ranks = [Rank(), Rank()]
    for rank in ranks {
      rank.sums([33])
      rank.stillFor = .seconds(4)
    }
    ranks[0].waitsIn = (65, 0)
    ranks[1].waitsIn = (1000, 1)
    #expect(
      try find(ranks)
        == "ranks wait for one another: rank 0 (host a) in collective 3 (allreduce of 65 doubles; "
        + "step 12, forward, batch norm 2), which rank 1 has not entered, and rank 1 (host a) in "
        + "collective 1 of stream 1 (allreduce of 1000 doubles; step 12, forward, batch norm 1), "
        + "which rank 0 has not entered")
    ranks[1].stillFor = .seconds(1)
    #expect(try find(ranks) == nil, "the snapshots may be of different times")
  }

  @Test("a collective that all have entered and none leaves points to the network or the unseen")
  func stuck() throws {
    let ranks = (0..<3).map { _ in Rank() }
    for rank in ranks {
      rank.waitsIn = (33, 0)
      rank.stillFor = .seconds(121)
    }
    let words =
      "no rank has left collective 2 (allreduce of 33 doubles; step 12, forward, batch norm 1) "
    #expect(
      try find(ranks) == words
        + "for 121 s, which all ranks have entered; the network between the hosts may be down")
    let twins = (0..<3).map { _ in Rank() }
    for rank in twins {
      rank.waitsIn = (33, 0)
      rank.stillFor = .seconds(121)
    }
    #expect(
      try find([twins[0], twins[1], nil]) == words
        + "for 121 s, which all ranks that can be seen from here have entered; rank 2 cannot be seen; "
        + "the network between the hosts may be down")
  }
}
