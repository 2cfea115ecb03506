/// What was measured on one split: text for people, lines for programs and statistics.
public protocol SplitReport {
  associatedtype Summary: Encodable

  /// The names of the columns of ``csv``.
  static var csvHeader: String { get }
  /// A line per sample, or several.
  var csv: String { get }
  var text: String { get }
  var summary: Summary { get }
}
