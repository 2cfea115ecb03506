/// What becomes of what an output holds.
public enum Accumulation: Sendable {
  /// It is overwritten, unread.
  case replace
  /// The result is added to it.
  case add
}
