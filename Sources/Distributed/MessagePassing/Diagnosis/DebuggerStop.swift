import CrashReports
import Synchronization

/// The place at which this process waits for a debugger, if it was chosen to.
///
/// A rank that waits, or is held by a debugger, is none that the ``Watchdog`` ends the job for.
public enum DebuggerStop {
  public enum Place: Equatable, Sendable {
    /// Before anything is read, as soon as the ranks know one another.
    case start
    /// Training step, counted from 1: the first one from this number on.
    case step(Int)
    /// Collective of the first communicator, as the diagnosis of a hang numbers them.
    case collective(Int)
    /// Where the watchdog has diagnosed a hang.
    case hang
    case crash
    /// Where a loss or a gradient is not finite.
    case nonFinite
  }

  private static let chosen = Mutex<Place?>(nil)

  /// Makes this process wait at a place, once.
  public static func choose(_ place: Place) {
    chosen.withLock { $0 = place }
    if place == .crash { CrashReport.waitForDebuggerOnCrash() }
  }

  static func isChosen(_ place: Place) -> Bool { chosen.withLock { $0 == place } }

  /// Waits for a debugger if this is the chosen place.
  public static func reach(_ place: Place) {
    let isChosen = chosen.withLock { chosen in
      switch (chosen, place) {
      case (.step(let first)?, .step(let step)): guard step >= first else { return false }
      default: guard chosen == place else { return false }
      }
      chosen = nil
      return true
    }
    if isChosen { CrashReport.waitForDebugger(at: "\(place)") }
  }
}

extension DebuggerStop.Place: CustomStringConvertible {
  public var description: String {
    switch self {
    case .start: "the start"
    case .step(let number): "step \(number)"
    case .collective(let number): "collective \(number)"
    case .hang: "the hang"
    case .crash: "its crash"
    case .nonFinite: "the value that is not finite"
    }
  }
}
