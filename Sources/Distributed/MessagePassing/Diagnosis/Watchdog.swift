import CrashReports
import Foundation
import Synchronization

#if canImport(Glibc)
  import Glibc
#endif

/// A thread beside each rank that reports why ranks wait for one another for ever, and then ends
/// them.
///
/// It never calls MPI. Once per period it publishes the rank's ``CollectiveLedger`` to the ranks of
/// its node and, through files in the run directory, to other nodes. The lowest rank of each node
/// whose watchdog is awake observes all ranks that it can see. It warns of a stall. After the stall
/// timeout, or at once if ranks make different collectives, the lowest observer reports the reason
/// in one sentence. All ranks then write their ledgers into files and exit with ``exitCode``. On
/// SIGUSR2 every rank writes its ledger and goes on.
///
/// Time is counted in periods in which the thread was awake. So a job that is suspended and
/// continued has not stalled, and the clocks of nodes need not agree.
public final class Watchdog: Sendable {
  /// Exit code of ranks that would wait for ever.
  public static let exitCode: Int32 = 78

  /// Times after which a wait is too long.
  public struct Settings: Sendable {
    /// Time that ranks wait for one that makes no progress.
    public let stallTimeout: Duration

    public init(stallTimeout: Duration) { self.stallTimeout = stallTimeout }

    /// 10 s, or a third of a short timeout.
    var warnAfter: Duration { min(.seconds(10), stallTimeout / 3) }
    /// 1 s, or an eighth of a short timeout.
    var period: Duration { min(.seconds(1), stallTimeout / 8) }
  }

  private struct State {
    var tracker: StallTracker
    /// Words of the last publication; their memory is used again.
    var words: [UInt64] = []
    /// Directory of the ledger files.
    var directory: String
    var fileBoard: SharedFileStatusBoard?
    var isStopped = false
    var isResting = false
    /// Ranks held by a debugger that have been told of.
    var toldOfHeld: [Int] = []
    /// Collective of the last warning.
    var warnedOf: CollectiveEntry?
    /// Number of looks since a problem was found that a lower rank should have reported.
    var deferred = 0
  }

  private let ledger: CollectiveLedger
  private let members: JobMembers
  private let settings: Settings
  private let nodeBoard: NodeStatusBoard?
  private let state: Mutex<State>

  /// Starts the thread.
  ///
  /// Collective over all ranks of the job.
  public init(
    _ ledger: CollectiveLedger, _ communicator: any Communicator, _ settings: Settings
  ) {
    self.ledger = ledger
    self.settings = settings
    let members = JobMembers(communicator)
    self.members = members
    nodeBoard = NodeStatusBoard(members, communicator)
    let temporary = URL(fileURLWithPath: NSTemporaryDirectory())
    state = Mutex(
      State(
        tracker: StallTracker(
          members, Diagnosis.Limits(period: settings.period, stall: settings.stallTimeout)),
        directory: temporary.appendingPathComponent("lcnn-dist-\(String(members.job, radix: 16))")
          .path))
    DumpSignal.install()
    let thread = Thread { [self] in run() }
    thread.name = "watchdog"
    thread.start()
  }

  /// Writes ledgers into `directory`, a folder of the run, from now on; before, into a temporary
  /// one.
  ///
  /// The directory is the same on all ranks. Ranks of other hosts see one another by files there.
  public func use(directory: String) {
    var board: SharedFileStatusBoard?
    if !members.remoteRanks.isEmpty {
      mkdir(directory, 0o777)
      board = SharedFileStatusBoard(members, directory: directory, period: settings.period)
    }
    state.withLock {
      $0.directory = directory
      $0.fileBoard = board
    }
  }

  /// Ends the thread, after all ranks have finalized MPI.
  public func stop() {
    state.withLock {
      $0.isStopped = true
      publish(.finished, &$0)
      $0.fileBoard?.stop()
    }
  }

  /// Gives the watchdogs time to report the reason of an MPI error, before the rank aborts.
  ///
  /// Does not return if the reason is that ranks have made different collectives.
  public func awaitDiagnosis() {
    Thread.sleep(forTimeInterval: settings.period * 4 / .seconds(1))
  }

  // MARK: - Cost

  /// Time between two looks.
  package var period: Duration { settings.period }

  /// Stops publications and looks until ``wake()``, to measure their cost.
  ///
  /// Call it between barriers of all ranks.
  package func rest() { state.withLock { $0.isResting = true } }

  /// Goes on; the pause does not count as silence.
  package func wake() {
    state.withLock {
      $0.isResting = false
      $0.tracker.forgetSilence()
    }
  }

  /// Makes the look of one period on the calling thread.
  package func look() {
    if let verdict = state.withLock({ watch(&$0) }) { end(verdict) }
  }

  // MARK: - The thread

  private enum Verdict {
    /// This rank has found the problem, and reports it.
    case found(Diagnosis)
    /// Another rank has reported the problem.
    case followed
  }

  private func run() {
    while true {
      Thread.sleep(forTimeInterval: settings.period / .seconds(1))
      if DumpSignal.take() { dumpOnRequest() }
      let (verdict, isStopped) = state.withLock {
        ($0.isStopped || $0.isResting ? nil : watch(&$0), $0.isStopped)
      }
      if isStopped { return }
      if let verdict { end(verdict) }
    }
  }

  private func watch(_ state: inout State) -> Verdict? {
    // A lower rank observes for this node: following it suffices.
    if let lower = members.localRanks.first(where: {
      $0 < members.rank && state.tracker.isAwake($0)
    }) {
      look(at: [lower], .running, &state)
      return isDiagnosed(by: lower, state) ? .followed : nil
    }
    look(at: Array(0..<members.size), .running, &state)
    if (0..<members.size).contains(where: { isDiagnosed(by: $0, state) }) { return .followed }
    return judge(&state)
  }

  private func isDiagnosed(by rank: Int, _ state: State) -> Bool {
    let condition = state.tracker.condition(of: rank)
    return rank != members.rank && (condition == .diagnosing || condition == .dumped)
  }

  /// Number of looks that a rank leaves a lower one of another node to report what both have found.
  private static let longestDeferral = 5

  private func judge(_ state: inout State) -> Verdict? {
    let views = views(state)
    let held = views.compactMap { $0 }.filter(\.isHeld).map(\.rank)
    let isSpeaker = (0..<members.rank).allSatisfy { views[$0] == nil || !state.tracker.isAwake($0) }
    if held != state.toldOfHeld {
      if !held.isEmpty && isSpeaker { say("\(Self.worded(held, members)); the others wait") }
      state.toldOfHeld = held
      state.tracker.forgetSilence()
    }
    if !held.isEmpty { return nil }
    func limits(_ stall: Duration) -> Diagnosis.Limits {
      Diagnosis.Limits(period: settings.period, stall: stall)
    }
    if let found = Diagnosis.find(in: views, limits(settings.stallTimeout)) {
      state.deferred += 1
      return isSpeaker || state.deferred > Self.longestDeferral ? .found(found) : nil
    }
    state.deferred = 0
    if let warning = Diagnosis.stall(views, limits(settings.warnAfter)), isSpeaker {
      if state.warnedOf == nil {
        say("\(warning); ranks are ended after \(settings.stallTimeout.inSeconds) of this")
      }
      state.warnedOf = warning.collective
    } else {
      state.warnedOf = nil
    }
    return nil
  }

  // MARK: - Publishing and reading

  /// Publishes this rank's ledger, and reads what `ranks` have published.
  private func look(
    at ranks: [Int], _ condition: LedgerSnapshot.Condition, _ state: inout State
  ) {
    state.tracker.advance()
    publish(condition, &state)
    for rank in ranks {
      let snapshot =
        rank == members.rank
        ? LedgerSnapshot(state.words)
        : members.hosts[rank] == members.host
          ? nodeBoard?.read(rank: rank) : state.fileBoard?.read(rank: rank)
      state.tracker.update(rank, snapshot?.header.job == members.job ? snapshot : nil)
    }
  }

  private func publish(_ condition: LedgerSnapshot.Condition, _ state: inout State) {
    let isHeld = CrashReport.isWaitingForDebugger || CrashReport.isDebugged(process: getpid())
    let header = state.tracker.header(
      isHeld && condition == .running ? .held : condition, events: ledger.events)
    LedgerSnapshot.write(header, ledger, into: &state.words)
    nodeBoard?.write(state.words, rank: members.rank)
    state.fileBoard?.offer(
      state.words, isUrgent: condition != .running || header.stillFor > .zero)
  }

  private func views(_ state: State) -> [RankView?] {
    // Only processes of this node can be asked; signal 0 sends nothing.
    state.tracker.views { rank in
      members.hosts[rank] == members.host && kill(members.processes[rank], 0) != 0 && errno == ESRCH
    } isHeld: { rank in
      members.hosts[rank] == members.host
        && CrashReport.isDebugged(process: members.processes[rank])
    }
  }

  // MARK: - The end

  /// Writes this rank's ledger, waits until the other ranks have written theirs, and exits.
  private func end(_ verdict: Verdict) -> Never {
    // The rank ends even if a file server does not answer or a pipe is full.
    Thread.detachNewThread { [self] in
      while true {
        Thread.sleep(forTimeInterval: 5)
        if !isAnyHeld { _exit(Self.exitCode) }
      }
    }
    var sentence: String?
    let directory = state.withLock(\.directory)
    if case .found(let diagnosis) = verdict {
      sentence = "\(diagnosis)"
      say("\(diagnosis); the ranks' last collectives are in \(directory)")
    }
    let everybody = Array(0..<members.size)
    state.withLock { look(at: everybody, .diagnosing, &$0) }
    dump(diagnosis: sentence)
    if DebuggerStop.isChosen(.hang) {
      state.withLock { look(at: everybody, .held, &$0) }
      DebuggerStop.reach(.hang)
    }
    var looks = 0
    while looks < 30 {
      // mpirun ends all ranks as soon as one has gone.
      let isHeld = isAnyHeld
      looks += isHeld ? 0 : 1
      let isDone = state.withLock { state in
        look(at: everybody, .dumped, &state)
        return everybody.allSatisfy { rank in
          let condition = state.tracker.condition(of: rank)
          return condition == nil || condition == .dumped || !state.tracker.isAwake(rank)
        }
      }
      if isDone && !isHeld { break }
      Thread.sleep(forTimeInterval: 0.1)
    }
    state.withLock { $0.fileBoard?.stop() }
    _exit(Self.exitCode)
  }

  private var isAnyHeld: Bool {
    state.withLock {
      views($0).contains {
        $0.map { $0.isHeld && $0.snapshot.header.condition != .dumped } ?? false
      }
    }
  }

  /// For example `rank 1 (host a, process 123) is held by a debugger, or waits for one`.
  private static func worded(_ held: [Int], _ members: JobMembers) -> String {
    let names = held.map {
      "rank \($0) (host \(members.hosts[$0]), process \(members.processes[$0]))"
    }
    return names.joined(separator: ", ")
      + (held.count == 1 ? " is held by a debugger, or waits" : " are held by debuggers, or wait")
      + " for one"
  }

  private func dumpOnRequest() {
    state.withLock { look(at: [members.rank], .running, &$0) }
    dump(diagnosis: nil) { dump, path in say("\(dump.headline); its last collectives: \(path)") }
  }

  /// Writes the ledger, and passes it to `then`; reports a failure.
  private func dump(diagnosis: String?, then: (LedgerDump, String) -> Void = { _, _ in }) {
    let (words, directory) = state.withLock { ($0.words, $0.directory) }
    guard let snapshot = LedgerSnapshot(words) else { return }
    let dump = LedgerDump(
      rank: members.rank, size: members.size, host: members.host,
      process: members.processes[members.rank], snapshot: snapshot, diagnosis: diagnosis,
      stacks: ThreadStacks.text())
    do {
      then(dump, try dump.write(into: directory))
    } catch {
      say("\(dump.headline); its ledger cannot be written: \(error)")
    }
  }

  private func say(_ line: String) {
    try? FileHandle.standardError.write(contentsOf: Data("lcnn-dist: \(line)\n".utf8))
  }
}
