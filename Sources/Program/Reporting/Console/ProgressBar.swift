/// A bar of text that is filled as far as something is done.
package enum ProgressBar {
  /// - Parameter columns: number of cells.
  package static func text(_ share: Double, columns: Int = 24) -> String {
    let share = share.isFinite ? min(max(share, 0), 1) : 0
    let full = Int((share * Double(columns)).rounded(.down))
    return String(repeating: "█", count: full) + String(repeating: "░", count: columns - full)
  }

  /// The share in percent, without decimals and rounded down: 100 % is the end.
  static func percent(_ share: Double) -> String {
    "\(Int((100 * (share.isFinite ? min(max(share, 0), 1) : 0)).rounded(.down))) %"
  }
}
