import MessagePassing
import Synchronization

/// Turns a rank's ledger and watchdog off and on, between collectives, to find out what they cost.
///
/// A hang is not diagnosed while they are off.
public final class DiagnosisSwitch: Sendable {
  package enum Position { case on, off }

  /// Makes its collectives through the ledger, or past it, as this switch says.
  ///
  /// So do its duplicates.
  public let communicator: any Communicator
  let ledger: CollectiveLedger
  let watchdog: Watchdog
  private let state: State

  /// What all communicators of one switch look at.
  fileprivate final class State: Sendable {
    let isOn = Atomic(true)
  }

  /// A switch that is on.
  ///
  /// - Parameters:
  ///   - ledgered: what the rank uses otherwise.
  ///   - plain: what `ledgered` records.
  ///   - watchdog: of the ledger.
  public init(ledgered: LedgeredCommunicator, plain: any Communicator, watchdog: Watchdog) {
    state = State()
    communicator = SwitchedCommunicator(ledgered: ledgered, plain: plain, state)
    ledger = ledgered.ledger
    self.watchdog = watchdog
  }

  /// On all ranks between the same two collectives; one thread of each process calls it.
  package func turn(_ position: Position) {
    state.isOn.store(position == .on, ordering: .releasing)
    switch position {
    case .on: watchdog.wake()
    case .off: watchdog.rest()
    }
  }
}

/// One of two communicators of the same ranks.
private final class SwitchedCommunicator: CommunicatorDecorator {
  private let ledgered: any Communicator
  private let plain: any Communicator
  private let state: DiagnosisSwitch.State

  init(ledgered: any Communicator, plain: any Communicator, _ state: DiagnosisSwitch.State) {
    self.ledgered = ledgered
    self.plain = plain
    self.state = state
  }

  var base: any Communicator { state.isOn.load(ordering: .acquiring) ? ledgered : plain }

  func duplicate() -> any Communicator {
    SwitchedCommunicator(ledgered: ledgered.duplicate(), plain: plain.duplicate(), state)
  }
}
