import MessagePassing
import Synchronization

/// Turns a rank's ledger and watchdog off and on, between collectives, to measure their cost.
///
/// A hang is not diagnosed while they are off.
public final class DiagnosisSwitch: Sendable {
  package enum Position { case on, off }

  /// A communicator whose collectives pass through the ledger while the switch is on.
  ///
  /// Its duplicates follow the switch, too.
  public let communicator: any Communicator
  let ledger: CollectiveLedger
  let watchdog: Watchdog
  private let state: State

  /// The position of a switch, shared by its communicators.
  fileprivate final class State: Sendable {
    let isOn = Atomic(true)
  }

  /// Makes a switch that is on.
  ///
  /// - Parameters:
  ///   - ledgered: the communicator of the rank without a switch.
  ///   - plain: the communicator that `ledgered` records.
  ///   - watchdog: the watchdog of the ledger.
  public init(ledgered: LedgeredCommunicator, plain: any Communicator, watchdog: Watchdog) {
    state = State()
    communicator = SwitchedCommunicator(ledgered: ledgered, plain: plain, state)
    ledger = ledgered.ledger
    self.watchdog = watchdog
  }

  /// One thread of each process calls it, on all ranks between the same two collectives.
  package func turn(_ position: Position) {
    state.isOn.store(position == .on, ordering: .releasing)
    switch position {
    case .on: watchdog.wake()
    case .off: watchdog.rest()
    }
  }
}

/// Forwards to one of two communicators of the same ranks.
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
